# METADATA
# title: Policy bundles
# description: What a new policy bundle must show before it decides. The running bundle judges it.
# schemas:
#   - input: schema.gate.input
package aegis.packs.meta

import data.aegis.lib

# METADATA
# title: Tests of the bundle fail
# description: A bundle whose own tests fail does not say what its author means.
# custom:
#   code: bundle_tests_failed
#   severity: critical
#   remediation: Run aegis policy test, and mend the rule or its test.
deny contains lib.finding("bundle_tests_failed", msg, "") if {
	bundle.tests.failed > 0
	msg := sprintf("%d of %d tests fail", [bundle.tests.failed, bundle.tests.failed + bundle.tests.passed])
}

# METADATA
# title: Too little of the bundle is tested
# description: Tests run at least that share of a bundle's lines (setting meta.min_coverage, in percent; 0 asks for none).
# custom:
#   code: bundle_coverage_low
#   severity: high
#   remediation: Test the lines that aegis policy test names.
deny contains lib.finding("bundle_coverage_low", msg, "") if {
	bundle.tests.coverage < lib.settings.meta.min_coverage
	msg := sprintf("its tests cover %v %%; %v %% is the least", [bundle.tests.coverage, lib.settings.meta.min_coverage])
}

# METADATA
# title: Much of the bundle is not tested
# description: Tests should run most of a bundle's lines (setting meta.good_coverage, in percent).
# custom:
#   code: bundle_hardly_tested
#   severity: medium
#   remediation: Test the lines that aegis policy test names.
warn contains lib.finding("bundle_hardly_tested", msg, "") if {
	bundle.tests.coverage >= lib.settings.meta.min_coverage
	bundle.tests.coverage < lib.settings.meta.good_coverage
	msg := sprintf("its tests cover %v %%; %v %% is good", [bundle.tests.coverage, lib.settings.meta.good_coverage])
}

# METADATA
# title: Bundle fails on history
# description: On a recorded decision the bundle gave no answer. In its place it would deny everything like it.
# custom:
#   code: bundle_simulation_errors
#   severity: critical
#   remediation: Run aegis policy simulate, and mend the rule that fails.
deny contains lib.finding("bundle_simulation_errors", msg, "") if {
	bundle.simulation.errors > 0
	msg := sprintf("%d of %d recorded decisions end in an error", [bundle.simulation.errors, bundle.simulation.evaluated])
}

# METADATA
# title: Bundle without a gate
# description: Nothing answers deny and warn, and every change would be denied.
# custom:
#   code: bundle_gate_missing
#   severity: critical
#   remediation: Keep package aegis.gate.
deny contains lib.finding("bundle_gate_missing", "it has no package aegis.gate", "") if {
	bundle
	not "aegis.gate" in bundle.packages
}

# METADATA
# title: Bundle of an agent
# description: Who is bound by policy does not write it. The control plane also refuses it by itself.
# custom:
#   code: bundle_by_agent
#   severity: critical
#   remediation: Have an operator push it.
deny contains lib.finding("bundle_by_agent", msg, "") if {
	bundle
	is_agent
	msg := sprintf("%s (source %s) is no operator", [input.actor, input.source])
}

# METADATA
# title: Bundle without signature
# description: Nobody vouches for this bundle.
# custom:
#   code: bundle_unsigned
#   severity: medium
#   remediation: Sign it with aegis policy sign.
warn contains lib.finding("bundle_unsigned", "the bundle is not signed", "") if {
	bundle
	not lib.filled(bundle, "signed_by")
}

# METADATA
# title: Bundle allows what was denied
# description: Changes that were denied would be allowed by this bundle.
# custom:
#   code: bundle_newly_allowed
#   severity: high
#   remediation: See in aegis policy simulate which, and that this is meant.
warn contains lib.finding("bundle_newly_allowed", msg, "") if {
	bundle.simulation.newly_allowed > 0
	msg := sprintf("%d of %d recorded decisions would be allowed instead", [bundle.simulation.newly_allowed, bundle.simulation.evaluated])
}

# METADATA
# title: Bundle not tried on history
# description: There was no recorded decision to try it on.
# custom:
#   code: bundle_not_simulated
#   severity: low
#   remediation: Look at its first decisions.
warn contains lib.finding("bundle_not_simulated", "it was tried on no recorded decision", "") if {
	bundle.simulation.evaluated == 0
}

# METADATA
# title: Bundle changes its own judge
# description: The rules about bundles, and what switches and masks, are changed by this bundle.
# custom:
#   code: bundle_judge_changed
#   severity: high
#   remediation: See that this is meant; the next bundle is judged by these rules.
warn contains lib.finding("bundle_judge_changed", msg, "") if {
	some m in bundle.modules
	some prefix in ["aegis/meta/", "aegis/packs/meta/", "aegis/gate/", "aegis/lib/", "aegis/system/"]
	startswith(trim_left(m.path, "/"), prefix)
	not endswith(m.path, "_test.rego")
	msg := sprintf("%s is changed (%s)", [m.path, m.action])
}

# METADATA
# title: Bundle removes rules
# description: Modules of the running bundle are not in this one.
# custom:
#   code: bundle_removes_rules
#   severity: medium
#   remediation: Switch rules off by data instead, where they can be seen.
warn contains lib.finding("bundle_removes_rules", msg, "") if {
	removed := [m.path | some m in bundle.modules; m.action == "delete"; not endswith(m.path, "_test.rego")]
	count(removed) > 0
	msg := sprintf("%s would be removed", [concat(", ", sort(removed))])
}

bundle := input.policy if input.change_set.target.kind == "policy_bundle"

is_agent if {
	some pattern in lib.settings.meta.agents
	glob.match(pattern, [], input.actor)
}

is_agent if input.source in lib.settings.meta.agent_sources
