package aegis.packs.meta_test

import data.aegis.fixtures.denied
import data.aegis.fixtures.given
import data.aegis.fixtures.warned

sound := {
	"revision": "ops-2", "base": "embedded", "signed_by": "ops", "packages": ["aegis.gate", "aegis.lib"],
	"tests": {"passed": 12, "failed": 0, "coverage": 96.5},
	"simulation": {"evaluated": 400, "newly_denied": 3, "newly_allowed": 0, "errors": 0},
	"modules": [{"path": "aegis/packs/acme/pace.rego", "action": "create"}],
}

pushed(more) := given({
	"source": "operator",
	"change_set": {"target": {"kind": "policy_bundle", "stack_ids": [], "regions": []}},
	"policy": object.union(sound, more),
})

test_sound_bundle_is_allowed if {
	denied(pushed({})) == set()
	warned(pushed({})) == set()
}

test_bundle_is_tested if {
	denied(pushed({"tests": {"failed": 1}})) == {"bundle_tests_failed"}
	warned(pushed({"tests": {"coverage": 49.9}})) == {"bundle_hardly_tested"}
	denied(pushed({"tests": {"coverage": 49.9}})) == {"bundle_coverage_low"} with data.aegis.settings.meta.min_coverage as 50
}

test_bundle_answers_on_history if {
	denied(pushed({"simulation": {"errors": 1}})) == {"bundle_simulation_errors"}
	warned(pushed({"simulation": {"newly_allowed": 2}})) == {"bundle_newly_allowed"}
	warned(pushed({"simulation": {"evaluated": 0}})) == {"bundle_not_simulated"}
	denied(pushed({"simulation": {"newly_denied": 400}})) == set()
}

test_gate_stays if {
	denied(pushed({"packages": ["aegis.lib"]})) == {"bundle_gate_missing"}
	denied(pushed({"packages": ["aegis.gate"]})) == set()
}

test_agents_write_no_policy if {
	denied(object.union(pushed({}), {"actor": "planner"})) == {"bundle_by_agent"}
	denied(object.union(pushed({}), {"actor": "agent:fixer"})) == {"bundle_by_agent"}
	denied(object.union(pushed({}), {"source": "goal"})) == {"bundle_by_agent"}
}

test_what_is_worth_a_look if {
	warned(pushed({"signed_by": ""})) == {"bundle_unsigned"}
	warned(pushed({"modules": [{"path": "aegis/packs/meta/pack.rego", "action": "update"}]})) == {"bundle_judge_changed"}
	warned(pushed({"modules": [{"path": "aegis/packs/cost/pack.rego", "action": "delete"}]})) == {"bundle_removes_rules"}
	warned(pushed({"modules": [{"path": "aegis/gate/gate_test.rego", "action": "update"}]})) == set()
}

test_other_changes_have_no_bundle if denied(given({"policy": object.union(sound, {"tests": {"failed": 1}})})) == set()
