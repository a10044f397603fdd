package aegis.packs.canary_test

import data.aegis.fixtures.base
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.required
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

two_regions(revision) := given({
	"change_set": {"target": {"stack_ids": ["dev.data.eu-west-1", "dev.data.us-east-1"]}},
	"stacks": {
		"dev.data.eu-west-1": {"revision": revision, "resource_count": 0},
		"dev.data.us-east-1": {"revision": 0, "resource_count": 0},
	},
})

test_canary_when_several_stacks_and_something_runs if {
	required(two_regions(1)).canary == true
	required(two_regions(0)).canary == false
	required(base).canary == false
	adopted := object.union(two_regions(0), {"stacks": {"dev.data.us-east-1": {"resource_count": 4}}})
	required(adopted).canary == true
}

workspace(regions, revision) := given({
	"change_set": {"target": {"kind": "terraform_workspace", "stack_ids": ["dns"], "regions": regions}},
	"stacks": {"dns": {"revision": revision, "resource_count": 0}},
})

test_canary_of_a_workspace_in_several_regions if {
	required(workspace(["us-east-1", "eu-west-1"], 1)).canary == true
	required(workspace(["us-east-1", "eu-west-1"], 0)).canary == false
	required(workspace(["us-east-1"], 1)).canary == false
}

test_soak_by_source if {
	required(base).soak_seconds == 5
	required(given({"source": "bootstrap"})).soak_seconds == 0
	required(base).soak_seconds == 60 with data.aegis.settings.soak_seconds as {"default": 60}
}

test_snapshot_when_something_is_at_stake if {
	required(diff([create("aws_kinesis_stream", {})])).snapshot == false
	required(diff([update("aws_kinesis_stream", {}, {})])).snapshot == true
	required(diff([delete("aws_subnet", {})])).snapshot == true
	required(diff([update("aws_subnet", {}, {})])).snapshot == false
}

floors := {"high_risk": 60, "stateful": 30, "after_failures": 120}

test_risky_changes_go_slower if {
	risky := object.union(two_regions(0), {"change_set": {"risk_score": 70, "target": {"stack_ids": ["a", "b"]}}})
	required(risky).canary == true
	required(risky).soak_seconds == 60 with data.aegis.settings.soak_floor as floors
	required(object.union(risky, {"source": "bootstrap"})) == {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}
}

test_longest_soak_counts if {
	stream := update("aws_kinesis_stream", {}, {})
	required(diff([stream])).soak_seconds == 30 with data.aegis.settings.soak_floor as floors
	failing := given({"diff": [stream], "history": {"promoted": 3, "rolled_back": 1, "failed": 0}})
	required(failing).soak_seconds == 120 with data.aegis.settings.soak_floor as floors
	required(diff([delete("aws_kinesis_stream", {})])).soak_seconds == 30 with data.aegis.settings.soak_floor as floors
}

test_requirements_have_switches if {
	required(two_regions(1)).canary == false with data.aegis.settings.rules.canary_several_stacks as "off"
	required(two_regions(1)) == {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false} with data.aegis.settings.packs.canary as "off"
	"canary_several_stacks" in warned(two_regions(1)) with data.aegis.settings.packs.canary as "warn"
}
