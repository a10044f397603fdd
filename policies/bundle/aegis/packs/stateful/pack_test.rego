package aegis.packs.stateful_test

import data.aegis.fixtures.change
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.envelope
import data.aegis.fixtures.given
import data.aegis.fixtures.warned

test_stateful_resources_stay if {
	every type in data.aegis.settings.stateful_types {
		denied(diff([delete(type, {})])) == {"stateful_delete"}
		denied(diff([change("replace", type, {}, {})])) == {"stateful_delete"}
	}
	denied(diff([delete("aws_subnet", {})])) == set()
}

test_rollback_may_take_away_what_was_made if {
	denied(given({"diff": [delete("aws_kinesis_stream", {})], "source": "rollback"})) == set()
}

test_final_snapshot_allows_a_delete if {
	snapshot := {"skip_final_snapshot": false, "final_snapshot_identifier": "last"}
	denied(diff([delete("aws_db_instance", snapshot)])) == set()
	denied(diff([delete("aws_db_instance", {"skip_final_snapshot": true, "final_snapshot_identifier": "last"})])) == {"stateful_delete"}
	denied(diff([delete("aws_elasticache_replication_group", {"final_snapshot_identifier": "last"})])) == set()
	denied(diff([delete("aws_elasticache_cluster", {"final_snapshot_identifier": ""})])) == {"stateful_delete"}
}

test_inverse_may_delete_only_what_is_created if {
	stream := {"name": "s"}
	made := given({"diff": [create("aws_kinesis_stream", stream)], "inverse": [delete("aws_kinesis_stream", stream)]})
	denied(made) == set()
	envelope(made).rollback_policy.automatic == true
	denied(given({"inverse": [delete("aws_kinesis_stream", stream)]})) == {"inverse_stateful_delete"}
}

test_inverse_that_replaces_is_not_automatic if {
	doc := given({"inverse": [change("replace", "aws_kinesis_stream", {}, {})]})
	denied(doc) == set()
	warned(doc) == {"inverse_stateful_replace"}
	envelope(doc).rollback_policy.automatic == false
}

test_whole_stacks_stay if {
	patches := {"patches": [{"stack_id": "dev.data.eu-west-1", "destroy": true}]}
	denied(given({"change_set": patches})) == {"stack_destroy"}
	denied(given({"change_set": patches, "source": "rollback"})) == set()
	specs := {"dev.data.eu-west-1": {"parameters": {"deletable": true}}}
	denied(given({"change_set": patches, "source": "goal", "specs": specs})) == {"stack_destroy"}
	denied(given({"change_set": patches, "source": "operator"})) == {"stack_destroy"}
	stream := object.union(delete("aws_kinesis_stream", {}), {"stack_id": "dev.data.eu-west-1"})
	may_go := {"change_set": patches, "source": "operator", "specs": specs, "diff": [stream]}
	denied(given(may_go)) == set()
	denied(given(object.union(may_go, {"change_set": {"patches": [{"stack_id": "dev.data.eu-west-1", "merge_patch": {"deletable": true}}]}}))) == {"stateful_delete"}
}
