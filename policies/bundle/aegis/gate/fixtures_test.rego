package aegis.gate_test

import data.aegis.gate

# A goal's change of one running stack that costs nothing and risks little.
base := {
	"change_set": {
		"change_set_id": "cs-1",
		"target": {"kind": "pulumi_stack", "stack_ids": ["dev.data.eu-west-1"], "regions": ["eu-west-1"]},
		"patches": [],
		"risk_score": 10,
		"risk_factors": [],
		"risk_tolerance": "",
		"cost_delta_usd_month": 0,
		"cost_unknown": [],
		"irreversible": [],
		"constraints": [],
	},
	"diff": [],
	"inverse": [],
	"stacks": {"dev.data.eu-west-1": {
		"stack_id": "dev.data.eu-west-1", "layer": "data", "region": "eu-west-1",
		"revision": 3, "resource_count": 20, "depends_on": ["dev.security.eu-west-1"],
	}},
	"specs": {},
	"source": "goal",
	"actor": "planner",
	"budget": {"goal_usd_month": null, "limit_usd_month": -1, "reserved_usd_month": 0, "spent_usd_month": 0},
	"regions": ["us-east-1", "eu-west-1"],
	"breakers": [],
	"history": {"promoted": 0, "rolled_back": 0, "failed": 0},
}

given(more) := object.union(base, more)

diff(changes) := given({"diff": changes})

change(action, type, before, after) := {
	"stack_id": "dev.data.eu-west-1", "address": sprintf("%s::x", [type]), "type": type, "region": "eu-west-1",
	"action": action, "before": before, "after": after, "unknown": [], "sensitive": [],
}

create(type, after) := change("create", type, null, after)

update(type, before, after) := change("update", type, before, after)

delete(type, before) := change("delete", type, before, null)

denied(doc) := {r.code | some r in gate.deny with input as doc}

warned(doc) := {r.code | some r in gate.warn with input as doc}

envelope(doc) := policy if policy := gate.execution_policy with input as doc

required(doc) := r if r := gate.require with input as doc

test_harmless_change_is_allowed if {
	doc := diff([update("aws_cloudwatch_log_group", {"retention_in_days": 30}, {"retention_in_days": 90})])
	denied(doc) == set()
	warned(doc) == set()
}

test_empty_input_is_no_error if {
	denied({}) == set()
	warned({}) == set()
}
