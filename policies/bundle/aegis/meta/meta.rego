# METADATA
# title: The gate of policy bundles
# description: |
#   Judges a change set whose target is the policy bundle, in place of
#   aegis.gate: only the pack meta has a say. So rules about infrastructure,
#   a freeze of everything among them, never keep their own authors from
#   changing them.
# schemas:
#   - input: schema.gate.input
package aegis.meta

import data.aegis.gate
import data.aegis.packs.meta

deny contains found if {
	some found in meta.deny
	gate.effect("meta", found.code) == "deny"
}

warn contains found if {
	some found in meta.warn
	gate.mode("meta", found.code) != "off"
}

# What a switch made of a denial.
warn contains found if {
	some found in meta.deny
	gate.effect("meta", found.code) == "warn"
}

require := {"canary": true, "soak_seconds": soak_seconds, "snapshot": false, "simulate": false}

# soak_seconds is how long the bundle is tried beside the running one, and how
# long it is watched once it decides.
soak_seconds := object.get(gate.settings.soak_seconds, "policy_bundle", object.get(gate.settings.soak_seconds, "default", 0))

execution_policy := {
	"tool_allowances": {},
	"resource_limits": {},
	"network_scope": {"regions": [], "services": [], "hosts": []},
	"data_scope": {"stack_ids": [], "secrets": false},
	"rollback_policy": {"automatic": true, "soak_seconds": soak_seconds, "canary": true},
}
