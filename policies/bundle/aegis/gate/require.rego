package aegis.gate

# METADATA
# title: What an allowed change must do
# description: What the packs require, added up.
# schemas:
#   - input: schema.gate.input
require := {
	"canary": canary,
	"soak_seconds": soak_seconds,
	"snapshot": snapshot,
	"simulate": false,
}

default canary := false

canary if {
	some r in requirements
	r.canary
}

default snapshot := false

snapshot if {
	some r in requirements
	r.snapshot
}

soak_seconds := max({0} | {r.soak_seconds | some r in requirements})
