# METADATA
# title: Backup
# description: What is lost can be had back.
# schemas:
#   - input: schema.gate.input
package aegis.packs.backup

import data.aegis.lib

# METADATA
# title: Versioning suspended
# description: A versioned bucket stays versioned, so that a mistake can be undone.
# custom:
#   code: versioning_suspended
#   severity: high
#   remediation: Keep versioning on, and shorten how long old versions are kept.
deny contains lib.finding("versioning_suspended", msg, c.address) if {
	some c in lib.by_type.aws_s3_bucket_versioning
	some v in lib.attr(c.after, "versioning_configuration")
	v.status != "Enabled"
	msg := sprintf("%s sets versioning to %s", [c.address, v.status])
}

# METADATA
# title: Backups kept too briefly
# description: A database keeps its automatic backups for a minimum time.
# custom:
#   code: backup_retention_short
#   severity: high
#   remediation: Keep backups for min_backup_retention_days or longer.
#   controls: ["FSBP:DocumentDB.2", "FSBP:Neptune.5", "FSBP:RDS.11", "FSBP:Redshift.3"]
deny contains lib.finding("backup_retention_short", msg, c.address) if {
	some type, name in object.filter(
		{
			"aws_db_instance": "backup_retention_period",
			"aws_docdb_cluster": "backup_retention_period",
			"aws_neptune_cluster": "backup_retention_period",
			"aws_rds_cluster": "backup_retention_period",
			"aws_redshift_cluster": "automated_snapshot_retention_period",
		},
		lib.types,
	)
	some c in lib.by_type[type]
	not lib.pending(c, name)
	days := lib.number(lib.value(c.after, name, 1))
	days < lib.settings.min_backup_retention_days
	days < kept_until_now(c, name)
	not replica(c.after)
	msg := sprintf("%s would keep backups for %d days; %d is the least", [c.address, days, lib.settings.min_backup_retention_days])
}

# METADATA
# title: Point-in-time recovery turned off
# description: A table that can be restored to any second stays so.
# custom:
#   code: point_in_time_recovery_off
#   severity: high
#   remediation: Keep point_in_time_recovery enabled.
#   controls: ["FSBP:DynamoDB.2"]
deny contains lib.finding("point_in_time_recovery_off", msg, c.address) if {
	some c in lib.by_type.aws_dynamodb_table
	recoverable(c.before)
	not recoverable(c.after)
	not lib.pending(c, "point_in_time_recovery")
	msg := sprintf("%s could no longer be restored to a point in time", [c.address])
}

# METADATA
# title: Table without point-in-time recovery
# description: A table is created so that it can be restored to any second of the last weeks.
# custom:
#   code: point_in_time_recovery_missing
#   severity: medium
#   remediation: Enable point_in_time_recovery.
#   controls: ["FSBP:DynamoDB.2"]
warn contains lib.finding("point_in_time_recovery_missing", msg, c.address) if {
	some c in lib.by_type.aws_dynamodb_table
	c.action == "create"
	not recoverable(c.after)
	msg := sprintf("%s can't be restored to a point in time", [c.address])
}

# METADATA
# title: Cache without snapshots
# description: A replication group keeps daily snapshots.
# custom:
#   code: cache_snapshots_missing
#   severity: low
#   remediation: Set snapshot_retention_limit to 1 or more.
#   controls: ["FSBP:ElastiCache.1"]
warn contains lib.finding("cache_snapshots_missing", msg, c.address) if {
	some c in lib.by_type.aws_elasticache_replication_group
	not snapshots(c.after)
	keeps_snapshots(c)
	msg := sprintf("%s keeps no snapshots", [c.address])
}

# METADATA
# title: File system no longer backed up
# description: Automatic backups of a file system stay on.
# custom:
#   code: file_backup_off
#   severity: high
#   remediation: Keep the backup policy ENABLED.
#   controls: ["FSBP:EFS.7"]
deny contains lib.finding("file_backup_off", msg, c.address) if {
	some c in lib.by_type.aws_efs_backup_policy
	some p in lib.attr(c.after, "backup_policy")
	p.status != "ENABLED"
	count([1 | some b in lib.attr(c.before, "backup_policy"); b.status != "ENABLED"]) == 0
	msg := sprintf("%s sets backups to %s", [c.address, p.status])
}

# METADATA
# title: Backup plan weakened
# description: A backup plan keeps its rules, and recovery points are kept for a minimum time.
# custom:
#   code: backup_plan_weakened
#   severity: high
#   remediation: Keep the rules, and delete_after at min_backup_retention_days or longer.
deny contains lib.finding("backup_plan_weakened", msg, c.address) if {
	some c in lib.by_type.aws_backup_plan
	count(lib.blocks(c.after, "rule")) < count(lib.blocks(c.before, "rule"))
	not lib.pending(c, "rule")
	msg := sprintf("%s loses rules", [c.address])
}

deny contains lib.finding("backup_plan_weakened", msg, c.address) if {
	some c in lib.by_type.aws_backup_plan
	some days in (kept_days(c.after) - kept_days(c.before))
	days < lib.settings.min_backup_retention_days
	msg := sprintf("%s would keep recovery points for %d days; %d is the least", [c.address, days, lib.settings.min_backup_retention_days])
}

# METADATA
# title: Vault unlocked
# description: A backup vault that is locked stays locked, for as long.
# custom:
#   code: backup_vault_unlocked
#   severity: critical
#   remediation: Keep the lock.
deny contains lib.finding("backup_vault_unlocked", msg, c.address) if {
	some c in lib.removed_by_type.aws_backup_vault_lock_configuration
	input.source != "rollback"
	c.action == "delete"
	msg := sprintf("%s would be removed", [c.address])
}

deny contains lib.finding("backup_vault_unlocked", msg, c.address) if {
	some c in lib.by_type.aws_backup_vault_lock_configuration
	lib.number(lib.value(c.after, "min_retention_days", 0)) < lib.number(c.before.min_retention_days)
	msg := sprintf("%s would lock for less than %v days", [c.address, c.before.min_retention_days])
}

# METADATA
# title: Stream kept too briefly
# description: A stream keeps records long enough to replay what a consumer missed.
# custom:
#   code: stream_retention_cut
#   severity: medium
#   remediation: Keep records for as long as before.
#   controls: ["FSBP:Kinesis.3"]
warn contains lib.finding("stream_retention_cut", msg, c.address) if {
	some c in lib.by_type.aws_kinesis_stream
	before := lib.number(c.before.retention_period)
	after := lib.number(c.after.retention_period)
	after < before
	after < 168
	msg := sprintf("%s would keep records for %d hours instead of %d", [c.address, after, before])
}

# METADATA
# title: One zone
# description: What holds data has a standby in a second zone.
# custom:
#   code: single_zone
#   severity: medium
#   remediation: Turn multi_az or automatic failover on.
#   controls: ["FSBP:ElastiCache.3", "FSBP:RDS.5"]
warn contains lib.finding("single_zone", msg, c.address) if {
	some type, name in object.filter({"aws_db_instance": "multi_az", "aws_elasticache_replication_group": "automatic_failover_enabled"}, lib.types)
	some c in lib.by_type[type]
	not lib.on(c.after, name)
	not lib.pending(c, name)
	not replica(c.after)
	two_zones(c, name)
	msg := sprintf("%s has no %s", [c.address, name])
}

replica(attrs) if lib.filled(attrs, "replicate_source_db")

replica(attrs) if lib.filled(attrs, "replication_source_identifier")

replica(attrs) if lib.filled(attrs, "global_replication_group_id")

# kept_until_now is how long backups were kept, and must be when there were none.
kept_until_now(c, _) := lib.settings.min_backup_retention_days if c.action == "create"

kept_until_now(c, name) := lib.number(lib.value(c.before, name, 1)) if c.action != "create"

recoverable(attrs) if {
	some p in lib.attr(attrs, "point_in_time_recovery")
	p.enabled in lib.yes
}

keeps_snapshots(c) if c.action == "create"

keeps_snapshots(c) if snapshots(c.before)

snapshots(attrs) if lib.number(attrs.snapshot_retention_limit) > 0

kept_days(attrs) := {days |
	some rule in lib.blocks(attrs, "rule")
	some l in lib.blocks(rule, "lifecycle")
	days := lib.number(l.delete_after)
}

two_zones(c, _) if c.action == "create"

two_zones(c, name) if c.before[name] in lib.yes
