package aegis.packs.backup_test

import data.aegis.fixtures.by
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

test_versioning_stays_on if {
	on := {"versioning_configuration": {"status": "Enabled"}}
	denied(diff([create("aws_s3_bucket_versioning", on)])) == set()
	denied(diff([update("aws_s3_bucket_versioning", on, {"versioning_configuration": [{"status": "Suspended"}]})])) == {"versioning_suspended"}
}

test_backups_are_kept if {
	denies("backup_retention_short", create("aws_rds_cluster", {"backup_retention_period": 1}))
	denies("backup_retention_short", create("aws_db_instance", {}))
	denies("backup_retention_short", update("aws_redshift_cluster", {"automated_snapshot_retention_period": 30}, {"automated_snapshot_retention_period": 3}))
	not denies("backup_retention_short", create("aws_rds_cluster", {"backup_retention_period": 7}))
	not denies("backup_retention_short", create("aws_db_instance", {"replicate_source_db": "db"}))
	not denies("backup_retention_short", create("aws_rds_cluster", {"replication_source_identifier": "arn"}))
	not denies("backup_retention_short", update("aws_rds_cluster", {"backup_retention_period": 3}, {"backup_retention_period": 3}))
	not denies("backup_retention_short", pending(create("aws_rds_cluster", {}), ["backup_retention_period"]))
}

recovery(on) := {"point_in_time_recovery": [{"enabled": on}]}

test_tables_can_be_restored if {
	denies("point_in_time_recovery_off", update("aws_dynamodb_table", recovery(true), recovery(false)))
	not denies("point_in_time_recovery_off", update("aws_dynamodb_table", recovery(true), recovery(true)))
	warns("point_in_time_recovery_missing", create("aws_dynamodb_table", {}))
	not warns("point_in_time_recovery_missing", create("aws_dynamodb_table", recovery(true)))
}

test_caches_keep_snapshots if {
	warns("cache_snapshots_missing", create("aws_elasticache_replication_group", {}))
	warns("cache_snapshots_missing", update("aws_elasticache_replication_group", {"snapshot_retention_limit": 3}, {"snapshot_retention_limit": 0}))
	not warns("cache_snapshots_missing", create("aws_elasticache_replication_group", {"snapshot_retention_limit": 1}))
	not warns("cache_snapshots_missing", update("aws_elasticache_replication_group", {}, {}))
}

status(text) := {"backup_policy": [{"status": text}]}

test_files_are_backed_up if {
	denies("file_backup_off", update("aws_efs_backup_policy", status("ENABLED"), status("DISABLED")))
	not denies("file_backup_off", update("aws_efs_backup_policy", status("DISABLED"), status("DISABLED")))
	not denies("file_backup_off", create("aws_efs_backup_policy", status("ENABLED")))
}

keeping(days) := {"rule": [{"rule_name": "daily", "lifecycle": [{"delete_after": days}]}]}

test_plans_stay if {
	denies("backup_plan_weakened", update("aws_backup_plan", keeping(35), keeping(3)))
	denies("backup_plan_weakened", update("aws_backup_plan", keeping(35), {}))
	not denies("backup_plan_weakened", update("aws_backup_plan", keeping(35), keeping(14)))
	not denies("backup_plan_weakened", update("aws_backup_plan", keeping(3), keeping(3)))
}

test_vaults_stay_locked if {
	lock := "aws_backup_vault_lock_configuration"
	denies("backup_vault_unlocked", delete(lock, {"min_retention_days": 7}))
	denies("backup_vault_unlocked", update(lock, {"min_retention_days": 7}, {"min_retention_days": 1}))
	not denies("backup_vault_unlocked", update(lock, {"min_retention_days": 7}, {"min_retention_days": 8}))
	not "backup_vault_unlocked" in denied(by("rollback", [delete(lock, {})]))
}

test_streams_keep_records if {
	warns("stream_retention_cut", update("aws_kinesis_stream", {"retention_period": 168}, {"retention_period": 24}))
	not warns("stream_retention_cut", update("aws_kinesis_stream", {"retention_period": 24}, {"retention_period": 168}))
}

test_standbys if {
	warns("single_zone", create("aws_db_instance", {"multi_az": false}))
	warns("single_zone", update("aws_db_instance", {"multi_az": true}, {"multi_az": false}))
	not warns("single_zone", create("aws_elasticache_replication_group", {"automatic_failover_enabled": true}))
	not warns("single_zone", create("aws_elasticache_replication_group", {"global_replication_group_id": "g"}))
	not warns("single_zone", update("aws_db_instance", {}, {}))
}
