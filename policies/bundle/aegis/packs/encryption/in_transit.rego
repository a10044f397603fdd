package aegis.packs.encryption

import data.aegis.lib

# METADATA
# title: Encryption in transit removed
# description: What speaks TLS keeps speaking TLS.
# custom:
#   code: transit_encryption_removed
#   severity: critical
#   remediation: Keep encryption in transit on.
#   controls: ["FSBP:ElastiCache.5", "FSBP:Opensearch.3"]
deny contains lib.finding("transit_encryption_removed", msg, c.address) if {
	some type, paths in object.filter(in_transit, lib.types)
	some c in lib.by_type[type]
	c.action == "update"
	some path in paths
	enabled(c.before, path)
	not enabled(c.after, path)
	not lib.pending(c, path[0])
	msg := sprintf("%s loses %s", [c.address, concat(".", path)])
}

# METADATA
# title: Created without encryption in transit
# description: Data stores are created to speak TLS.
# custom:
#   code: transit_unencrypted
#   severity: high
#   remediation: Turn encryption in transit on.
#   controls: ["FSBP:ElastiCache.5", "FSBP:Opensearch.3"]
warn contains lib.finding("transit_unencrypted", msg, c.address) if {
	some type, paths in object.filter(in_transit, lib.types)
	some c in lib.by_type[type]
	c.action == "create"
	some path in paths
	not enabled(c.after, path)
	not lib.pending(c, path[0])
	msg := sprintf("%s is created without %s", [c.address, concat(".", path)])
}

# METADATA
# title: Bucket no longer asks for TLS
# description: A bucket policy that refuses requests without TLS keeps refusing them.
# custom:
#   code: bucket_tls_dropped
#   severity: high
#   remediation: Keep the statement that denies when aws:SecureTransport is false.
#   controls: ["FSBP:S3.5", "CIS-3.0.0:2.1.1"]
deny contains lib.finding("bucket_tls_dropped", msg, c.address) if {
	some c in lib.by_type.aws_s3_bucket_policy
	asks_for_tls(c.before)
	not asks_for_tls(c.after)
	not lib.pending(c, "policy")
	msg := sprintf("%s would take requests without TLS", [c.address])
}

deny contains lib.finding("bucket_tls_dropped", msg, c.address) if {
	some c in lib.removed_by_type.aws_s3_bucket_policy
	c.action == "delete"
	asks_for_tls(c.before)
	not lib.goes_with_bucket(c)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

# What turns TLS on, by type of resource.
in_transit := {
	"aws_elasticache_replication_group": [["transit_encryption_enabled"]],
	"aws_elasticsearch_domain": [["node_to_node_encryption", "enabled"], ["domain_endpoint_options", "enforce_https"]],
	"aws_opensearch_domain": [["node_to_node_encryption", "enabled"], ["domain_endpoint_options", "enforce_https"]],
}

enabled(attrs, path) if {
	count(path) == 1
	attrs[path[0]] in lib.yes
}

enabled(attrs, path) if {
	count(path) == 2
	some inner in lib.attr(attrs, path[0])
	inner[path[1]] in lib.yes
}

asks_for_tls(attrs) if {
	some statement in lib.statements(attrs.policy)
	statement.Effect == "Deny"
	statement.Condition.Bool["aws:SecureTransport"] in {"false", false}
}
