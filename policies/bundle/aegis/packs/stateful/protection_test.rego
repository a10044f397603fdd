package aegis.packs.stateful_test

import data.aegis.fixtures.by
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.given
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

test_protection_stays if {
	every type, name in data.aegis.packs.stateful.protection {
		denies("deletion_protection_removed", update(type, {name: true}, {name: false}))
		denies("deletion_protection_removed", update(type, {name: "ACTIVE"}, {}))
		not denies("deletion_protection_removed", update(type, {name: true}, {name: true}))
		not denies("deletion_protection_removed", pending(update(type, {name: true}, {}), [name]))
		not "deletion_protection_removed" in denied(by("rollback", [update(type, {name: true}, {name: false})]))
	}
}

test_protection_goes_with_a_stack_that_may_go if {
	table := update("aws_dynamodb_table", {"deletion_protection_enabled": true}, {"deletion_protection_enabled": false})
	change := {"source": "operator", "diff": [table], "specs": {table.stack_id: {"parameters": {"deletable": true}}}}
	not "deletion_protection_removed" in denied(given(change))
	"deletion_protection_removed" in denied(given(object.union(change, {"source": "goal"})))
	"deletion_protection_removed" in denied(given(object.remove(change, ["specs"])))
}

test_databases_are_created_protected if {
	warns("deletion_protection_missing", create("aws_rds_cluster", {}))
	not warns("deletion_protection_missing", create("aws_rds_cluster", {"deletion_protection": true}))
	not warns("deletion_protection_missing", create("aws_lb", {}))
}

test_final_snapshot_stays if {
	denies("final_snapshot_skipped", update("aws_rds_cluster", {"skip_final_snapshot": false}, {"skip_final_snapshot": true}))
	not denies("final_snapshot_skipped", update("aws_rds_cluster", {"skip_final_snapshot": true}, {"skip_final_snapshot": true}))
}

test_content_is_not_deleted_along if {
	denies("force_destroy", create("aws_s3_bucket", {"force_destroy": true}))
	denies("force_destroy", update("aws_ecr_repository", {"force_delete": false}, {"force_delete": true}))
	not denies("force_destroy", update("aws_s3_bucket", {"force_destroy": true}, {"force_destroy": true}))
	not denies("force_destroy", create("aws_s3_bucket", {"force_destroy": false}))
}

test_secrets_can_be_restored if {
	denies("secret_recovery_disabled", create("aws_secretsmanager_secret", {"recovery_window_in_days": 0}))
	not denies("secret_recovery_disabled", create("aws_secretsmanager_secret", {"recovery_window_in_days": 7}))
}

lock_type := "aws_s3_bucket_object_lock_configuration"

locked(retention) := {"bucket": "b", "rule": [{"default_retention": [retention]}]}

test_object_lock_stays if {
	strict := locked({"mode": "COMPLIANCE", "days": 365})
	denies("object_lock_weakened", update(lock_type, strict, locked({"mode": "COMPLIANCE", "days": 30})))
	denies("object_lock_weakened", update(lock_type, strict, locked({"mode": "GOVERNANCE", "years": 1})))
	denies("object_lock_weakened", update(lock_type, strict, {"bucket": "b"}))
	denies("object_lock_weakened", delete(lock_type, strict))
	not denies("object_lock_weakened", update(lock_type, strict, locked({"mode": "COMPLIANCE", "years": 2})))
	gone := [delete(lock_type, strict), delete("aws_s3_bucket", {"bucket": "b"})]
	denied(by("rollback", gone)) == set()
}

test_members_stay if {
	member := {"global_cluster_identifier": "aegis"}
	leaves := update("aws_rds_cluster", member, {})
	denies("global_member_detached", leaves)
	not "global_member_detached" in denied(by("rollback", [leaves]))
	not denies("global_member_detached", update("aws_rds_cluster", member, member))
	denies("global_member_detached", update("aws_elasticache_replication_group", {"global_replication_group_id": "g"}, {}))
}

test_engines_go_forward if {
	old := {"engine_version": "15.4"}
	new := {"engine_version": "16.1"}
	denies("engine_downgraded", update("aws_rds_cluster", new, old))
	warns("engine_major_upgrade", update("aws_rds_cluster", old, new))
	minor := update("aws_rds_cluster", old, {"engine_version": "15.9"})
	not denies("engine_downgraded", minor)
	not warns("engine_major_upgrade", minor)
	not denies("engine_downgraded", update("aws_rds_cluster", {"engine_version": "latest"}, old))
}

test_stores_that_shrink_are_noticed if {
	warns("store_shrinks", update("aws_kinesis_stream", {"shard_count": 4}, {"shard_count": 2}))
	not warns("store_shrinks", update("aws_kinesis_stream", {"shard_count": 2}, {"shard_count": 4}))
}

test_data_that_expires_sooner_is_noticed if {
	expiring(90) == {"lifecycle_rule": [{"expiration": [{"days": 90}]}]}
	warns("expiry_shortened", update("aws_s3_bucket", expiring(90), expiring(30)))
	warns("expiry_shortened", update("aws_s3_bucket", {}, expiring(30)))
	warns("expiry_shortened", update("aws_s3_bucket", {}, {"lifecycle_rules": [{"expirations": [{"days": 30}]}]}))
	not warns("expiry_shortened", update("aws_s3_bucket", expiring(30), expiring(90)))
	not warns("expiry_shortened", update("aws_s3_bucket", expiring(30), {}))
}

expiring(days) := {"lifecycle_rule": [{"expiration": [{"days": days}]}]}
