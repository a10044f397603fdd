# METADATA
# title: What to do about drift
# description: |
#   Judges one drifted attribute. Input is {"change": {"type", "address", …},
#   "attribute", "before", "after"}; decision is "correct" (make reality agree
#   with the spec), "adopt" (make the spec agree with reality) or "report".
#   The settings name attributes as "<type>.<attribute>", with * as wildcard.
# schemas:
#   - input: schema.drift.input
package aegis.drift

default decision := "correct"

decision := "adopt" if {
	listed(data.aegis.settings.drift.adopt)
	not listed(data.aegis.settings.drift.report)
}

decision := "report" if listed(data.aegis.settings.drift.report)

listed(patterns) if {
	some pattern in patterns
	glob.match(pattern, null, sprintf("%s.%s", [input.change.type, input.attribute]))
}
