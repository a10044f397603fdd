package aegis.meta_test

import data.aegis.fixtures.given
import data.aegis.meta

pushed(more) := given({
	"source": "operator",
	"change_set": {"target": {"kind": "policy_bundle", "stack_ids": [], "regions": []}},
	"policy": object.union(
		{
			"revision": "ops-2", "base": "embedded", "signed_by": "ops", "packages": ["aegis.gate"],
			"tests": {"passed": 12, "failed": 0, "coverage": 96.5},
			"simulation": {"evaluated": 400, "newly_denied": 3, "newly_allowed": 0, "errors": 0},
			"modules": [],
		},
		more,
	),
})

codes(found) := {f.code | some f in found}

test_sound_bundle_is_allowed if {
	meta.deny == set() with input as pushed({})
	meta.warn == set() with input as pushed({})
	meta.require.canary with input as pushed({})
	meta.execution_policy.rollback_policy.automatic with input as pushed({})
}

test_faulty_bundle_is_denied if {
	codes(meta.deny) == {"bundle_tests_failed"} with input as pushed({"tests": {"failed": 1}})
}

test_unsigned_bundle_is_warned_of if {
	codes(meta.warn) == {"bundle_unsigned"} with input as pushed({"signed_by": ""})
}

test_switch_makes_a_denial_a_warning if {
	switched := {"meta": "warn"}
	meta.deny == set() with input as pushed({"tests": {"failed": 1}}) with data.aegis.settings.packs as switched
	codes(meta.warn) == {"bundle_tests_failed"} with input as pushed({"tests": {"failed": 1}}) with data.aegis.settings.packs as switched
}

test_freeze_of_everything_is_no_reason if {
	forever := {"freezes": [{"name": "all", "from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}], "allowed": [], "warn_hours": 24, "exempt_sources": []}
	meta.deny == set() with input as pushed({}) with data.aegis.settings.change_windows as forever
}

test_soak_is_that_of_policy_bundles if {
	meta.require.soak_seconds == 7 with input as pushed({}) with data.aegis.settings.soak_seconds as {"policy_bundle": 7}
}

test_soak_is_the_default_otherwise if {
	meta.require.soak_seconds == 4 with input as pushed({}) with data.aegis.settings.soak_seconds as {"default": 4}
}
