package aegis.packs.encryption_test

import data.aegis.fixtures.by
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.document
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

redis := "aws_elasticache_replication_group"

test_tls_stays_on if {
	on := {"transit_encryption_enabled": true}
	denies("transit_encryption_removed", update(redis, on, {"transit_encryption_enabled": false}))
	not denies("transit_encryption_removed", update(redis, on, on))
	not denies("transit_encryption_removed", pending(update(redis, on, {}), ["transit_encryption_enabled"]))
	domain := {"node_to_node_encryption": [{"enabled": true}], "domain_endpoint_options": [{"enforce_https": true}]}
	denies("transit_encryption_removed", update("aws_opensearch_domain", domain, {"domain_endpoint_options": [{"enforce_https": true}]}))
	warns("transit_unencrypted", create("aws_opensearch_domain", {}))
	not warns("transit_unencrypted", create("aws_opensearch_domain", domain))
	warns("transit_unencrypted", create(redis, {}))
}

test_buckets_ask_for_tls if {
	strict := {"bucket": "b", "policy": document({
		"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}},
	})}
	denies("bucket_tls_dropped", update("aws_s3_bucket_policy", strict, {"bucket": "b", "policy": document({"Effect": "Deny"})}))
	denies("bucket_tls_dropped", delete("aws_s3_bucket_policy", strict))
	not denies("bucket_tls_dropped", update("aws_s3_bucket_policy", strict, strict))
	not denies("bucket_tls_dropped", pending(update("aws_s3_bucket_policy", strict, {"bucket": "b"}), ["policy"]))
	gone := [delete("aws_s3_bucket_policy", strict), delete("aws_s3_bucket", {"bucket": "b"})]
	denied(by("rollback", gone)) == set()
}
