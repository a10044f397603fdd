package aegis.agents_test

import data.aegis.agents

call(more) := object.union(
	{
		"agent": {"name": "planner", "tools": null, "hosts": null, "envelope": {}},
		"goal": {"goal_id": "goal-1", "submitter": "ann"},
		"tool": {"name": "list_stacks", "effect": "read", "scope": "estate", "source": "aegis", "cost_usd": 0},
		"used": 0,
	},
	more,
)

codes(doc) := {found.code | some found in denied} if denied := agents.deny with input as doc

calls(doc) := allowed[doc.tool.name] if allowed := agents.execution_policy.tool_allowances with input as doc

fetch := {"tool": {"name": "fetch", "effect": "fetch"}}

program := {"tool": {"name": "python", "effect": "run"}}

served := {"tool": {"name": "github.search", "effect": "read", "source": "mcp:github"}}

naming(tool, name) := object.union(tool, {"agent": {"tools": ["list_stacks", name]}})

test_reading_and_planning_have_no_limit if {
	calls(call({})) == -1
	calls(call({"tool": {"name": "preview_patch", "effect": "plan"}})) == -1
	codes(call({})) == set()
}

test_proposing_is_bounded_by_settings if {
	proposal := call({"tool": {"name": "propose_change_set", "effect": "propose"}, "used": 7})
	codes(proposal) == set()
	calls(proposal) == -1
	calls(proposal) == 3 with data.aegis.settings.agents.tools as {"propose_change_set": 3}
}

test_fetching_needs_hosts if {
	codes(call(fetch)) == {"no_hosts"}
	codes(call(object.union(fetch, {"agent": {"hosts": []}}))) == {"no_hosts"}
	calls(call(fetch)) == 0
	with_hosts := call(object.union(fetch, {"agent": {"hosts": ["b.example", "*.a.example"]}}))
	codes(with_hosts) == set()
	calls(with_hosts) == 20
	policy := agents.execution_policy with input as with_hosts
	policy.network_scope.hosts == ["*.a.example", "b.example"]
}

test_reading_reaches_no_hosts if {
	policy := agents.execution_policy with input as call({"agent": {"hosts": ["b.example"]}})
	policy.network_scope.hosts == []
}

test_running_needs_a_name if {
	codes(call(program)) == {"tool_not_named"}
	codes(call(naming(program, "perl"))) == {"tool_not_named"}
	calls(call(program)) == 0
	codes(call(naming(program, "python"))) == set()
	calls(call(naming(program, "python"))) == 10
}

test_what_others_serve_needs_a_name if {
	codes(call(served)) == {"tool_not_named"}
	codes(call(naming(served, "github.search"))) == set()
	calls(call(naming(served, "github.search"))) == -1
}

test_unknown_effects_are_denied if {
	codes(call({"tool": {"effect": "apply"}})) == {"tool_effect_unknown"}
	calls(call({"tool": {"effect": "apply"}})) == 0
}

test_settings_bound_single_tools if {
	given := {"list_stacks": 3, "preview_patch": -1}
	calls(call({})) == 3 with data.aegis.settings.agents.tools as given
	calls(call({"tool": {"name": "preview_patch", "effect": "plan"}})) == -1 with data.aegis.settings.agents.tools as given
	calls(call({"tool": {"effect": "fetch"}, "agent": {"hosts": ["a"]}})) == 3 with data.aegis.settings.agents.tools as given
	calls(call({})) == 0 with data.aegis.settings.agents.tools as {"list_stacks": 0}
}

test_settings_narrow_what_is_seen if {
	policy := agents.execution_policy with input as call({}) with data.aegis.settings.agents.regions as ["eu-west-1"]
		with data.aegis.settings.agents.stack_ids as ["dev.runtime.eu-west-1"]
	policy.network_scope.regions == ["eu-west-1"]
	policy.data_scope == {"stack_ids": ["dev.runtime.eu-west-1"], "secrets": false}
}

test_without_a_tool_nothing_is_said if not agents.execution_policy with input as {}
