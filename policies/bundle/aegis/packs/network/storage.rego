package aegis.packs.network

import data.aegis.lib

# METADATA
# title: Public access block removed
# description: A bucket's public access block stays whole as long as the bucket is there.
# custom:
#   code: public_access_unblocked
#   severity: critical
#   remediation: Keep all four settings of the public access block on.
#   controls: ["FSBP:S3.1", "FSBP:S3.8", "CIS-3.0.0:2.1.4"]
deny contains lib.finding("public_access_unblocked", msg, c.address) if {
	some type in (lib.types & block_types)
	some c in lib.by_type[type]
	some name in block_settings
	not lib.value(c.after, name, false) in {true, "true"}
	msg := sprintf("%s turns off %s", [c.address, name])
}

deny contains lib.finding("public_access_unblocked", msg, c.address) if {
	some type in (lib.removed_types & block_types)
	some c in lib.removed_by_type[type]
	c.action == "delete"
	not lib.goes_with_bucket(c)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

# METADATA
# title: Public bucket policy
# description: A bucket policy may not allow everyone.
# custom:
#   code: public_bucket_policy
#   severity: critical
#   remediation: Name the principals that need the bucket.
#   controls: ["FSBP:S3.2", "FSBP:S3.3", "FSBP:SNS.4", "FSBP:SQS.3"]
deny contains lib.finding("public_bucket_policy", msg, c.address) if {
	some type in (lib.types & {"aws_s3_bucket_policy", "aws_s3_bucket", "aws_sqs_queue_policy", "aws_sns_topic_policy"})
	some c in lib.by_type[type]
	some statement in lib.statements(c.after.policy)
	lib.anyone(statement)
	msg := sprintf("%s lets everyone in", [c.address])
}

deny contains lib.finding("public_bucket_policy", msg, c.address) if {
	some type in (lib.types & {"aws_s3_bucket", "aws_s3_bucket_acl"})
	some c in lib.by_type[type]
	startswith(c.after.acl, "public-")
	msg := sprintf("%s has the ACL %s", [c.address, c.after.acl])
}

block_types := {"aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"}

block_settings := {"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}
