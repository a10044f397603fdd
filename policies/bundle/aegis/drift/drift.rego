# METADATA
# title: What to do about drift
# description: |
#   Judges one drifted attribute. Input is {"change": {"type", "address", …},
#   "attribute", "before", "after", "kind", "parent", "cause"}; decision is
#   "correct" (make reality agree with the spec), "adopt" (make the spec agree
#   with reality) or "report". The settings name attributes as
#   "<type>.<attribute>", with * as wildcard. What no stack manages is taken away
#   when it is a part of something managed (parent), such as a rule of a security
#   group; a resource of its own is reported, unless settings.drift.remove_unmanaged
#   lists its type.
# schemas:
#   - input: schema.drift.input
package aegis.drift

import data.aegis.lib

default decision := "correct"

decision := "report" if reported

decision := "adopt" if {
	listed(lib.settings.drift.adopt)
	not reported
}

reported if listed(lib.settings.drift.report)

reported if {
	input.kind == "unmanaged"
	input.parent == ""
	not removable
}

removable if {
	some pattern in lib.settings.drift.remove_unmanaged
	glob.match(pattern, null, input.change.type)
}

listed(patterns) if {
	some pattern in patterns
	glob.match(pattern, null, name)
}

name := sprintf("%s.%s", [input.change.type, input.attribute]) if input.attribute != ""

name := input.change.type if input.attribute == ""
