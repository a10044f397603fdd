package aegis.gate

# METADATA
# title: Public access block removed
# description: A bucket's public access block stays whole as long as the bucket is there.
# custom:
#   code: public_access_unblocked
#   severity: critical
#   remediation: Keep all four settings of the public access block on.
deny contains finding("public_access_unblocked", msg, c.address) if {
	some c in present
	c.type in block_types
	some name in block_settings
	not value(c.after, name, false) in {true, "true"}
	msg := sprintf("%s turns off %s", [c.address, name])
}

deny contains finding("public_access_unblocked", msg, c.address) if {
	some c in changes
	c.type in block_types
	c.action == "delete"
	not bucket_removed(c.stack_id, c.before)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

# METADATA
# title: Public bucket policy
# description: A bucket policy may not allow everyone.
# custom:
#   code: public_bucket_policy
#   severity: critical
#   remediation: Name the principals that need the bucket.
deny contains finding("public_bucket_policy", msg, c.address) if {
	some c in present
	c.type in {"aws_s3_bucket_policy", "aws_s3_bucket", "aws_sqs_queue_policy", "aws_sns_topic_policy"}
	some statement in statements(c.after.policy)
	anyone(statement)
	msg := sprintf("%s lets everyone in", [c.address])
}

deny contains finding("public_bucket_policy", msg, c.address) if {
	some c in present
	c.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	startswith(c.after.acl, "public-")
	msg := sprintf("%s has the ACL %s", [c.address, c.after.acl])
}

# METADATA
# title: Versioning suspended
# description: A versioned bucket stays versioned, so that a mistake can be undone.
# custom:
#   code: versioning_suspended
#   severity: high
#   remediation: Keep versioning on, and shorten how long old versions are kept.
deny contains finding("versioning_suspended", msg, c.address) if {
	some c in present
	c.type == "aws_s3_bucket_versioning"
	some v in attr(c.after, "versioning_configuration")
	v.status != "Enabled"
	msg := sprintf("%s sets versioning to %s", [c.address, v.status])
}

block_types := {"aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"}

block_settings := {"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}

bucket_removed(stack, attrs) if {
	some c in changes
	c.stack_id == stack
	c.action == "delete"
	c.type == "aws_s3_bucket"
	c.before.bucket == attrs.bucket
}
