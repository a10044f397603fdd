# METADATA
# title: Canary and soak
# description: |
#   How carefully an allowed change is rolled out. What these rules require is
#   added up: one of them is enough for a canary or a snapshot, and the longest
#   soak counts. Switched to warn, a requirement becomes a warning.
# schemas:
#   - input: schema.gate.input
package aegis.packs.canary

import data.aegis.lib

# METADATA
# title: Canary of several stacks
# description: One region first, when there are several and something runs in one of them.
# custom:
#   code: canary_several_stacks
#   severity: medium
#   remediation: The change goes to one region first.
require contains one_region("canary_several_stacks", "several stacks are changed, and something runs in one") if {
	count(input.change_set.target.stack_ids) > 1
	running
}

# METADATA
# title: Canary of a workspace in several regions
# description: A Terraform workspace that is in several regions by itself is changed in one of them first.
# custom:
#   code: canary_several_regions
#   severity: medium
#   remediation: The change goes to one region first.
require contains one_region("canary_several_regions", "one workspace is changed in several regions") if {
	input.change_set.target.kind == "terraform_workspace"
	count(input.change_set.target.stack_ids) == 1
	count(input.change_set.target.regions) > 1
	running
}

# METADATA
# title: Canary of a risky change
# description: A change of several stacks whose risk score reaches canary.risk_score goes to one region first, even where nothing runs yet.
# custom:
#   code: canary_high_risk
#   severity: medium
#   remediation: The change goes to one region first.
require contains one_region("canary_high_risk", msg) if {
	count(input.change_set.target.stack_ids) > 1
	input.change_set.risk_score >= lib.settings.canary.risk_score
	input.source != "bootstrap"
	msg := sprintf("risk score %d is %d or more", [input.change_set.risk_score, lib.settings.canary.risk_score])
}

# METADATA
# title: Soak
# description: How long checks stay green after an apply before it counts, by source (setting soak_seconds).
# custom:
#   code: soak_by_source
#   severity: low
#   remediation: The change soaks.
require contains soak("soak_by_source", "changes of this source soak", seconds) if {
	seconds := lib.value(lib.settings.soak_seconds, input.source, lib.settings.soak_seconds["default"])
}

# METADATA
# title: Soak of a risky change
# description: A change whose risk score reaches canary.risk_score soaks for soak_floor.high_risk.
# custom:
#   code: soak_high_risk
#   severity: low
#   remediation: The change soaks.
require contains soak("soak_high_risk", "the change is risky", lib.settings.soak_floor.high_risk) if {
	input.change_set.risk_score >= lib.settings.canary.risk_score
	input.source != "bootstrap"
}

# METADATA
# title: Soak of what holds data
# description: A change to a resource that holds data soaks for soak_floor.stateful.
# custom:
#   code: soak_stateful
#   severity: low
#   remediation: The change soaks.
require contains soak("soak_stateful", "something that holds data is changed", lib.settings.soak_floor.stateful) if {
	touches_state
}

# METADATA
# title: Soak after failures
# description: When changes of these stacks did not hold lately, the next one soaks for soak_floor.after_failures.
# custom:
#   code: soak_after_failures
#   severity: low
#   remediation: The change soaks.
require contains soak("soak_after_failures", "changes of these stacks did not hold", lib.settings.soak_floor.after_failures) if {
	input.history.rolled_back + input.history.failed > 0
	input.source != "bootstrap"
}

# METADATA
# title: Snapshot before something is removed
# description: A snapshot is taken when something is deleted or replaced.
# custom:
#   code: snapshot_before_removal
#   severity: low
#   remediation: A snapshot is taken first.
require contains snapshot("snapshot_before_removal", "something is deleted or replaced") if count(lib.removed) > 0

# METADATA
# title: Snapshot of what holds data
# description: A snapshot is taken when a resource that holds data is changed.
# custom:
#   code: snapshot_of_state
#   severity: low
#   remediation: A snapshot is taken first.
require contains snapshot("snapshot_of_state", "something that holds data is changed") if touches_state

one_region(code, msg) := {"code": code, "msg": msg, "canary": true, "soak_seconds": 0, "snapshot": false}

soak(code, msg, seconds) := {"code": code, "msg": msg, "canary": false, "soak_seconds": seconds, "snapshot": false}

snapshot(code, msg) := {"code": code, "msg": msg, "canary": false, "soak_seconds": 0, "snapshot": true}

running if {
	some id in input.change_set.target.stack_ids
	input.stacks[id].revision > 0
}

running if {
	some id in input.change_set.target.stack_ids
	input.stacks[id].resource_count > 0
}

touches_state if {
	some type in (lib.types & lib.stateful_types)
	some c in lib.by_type[type]
	c.action != "create"
}

touches_state if {
	count(lib.removed_types & lib.stateful_types) > 0
}
