# METADATA
# title: What a decision's record leaves out
# description: JSON pointers into the input whose values are replaced before it is stored.
# schemas:
#   - input: schema.gate.input
package aegis.system.log

mask contains sprintf("/input/specs/%s/parameters/settings/%s", [escape(stack), escape(name)]) if {
	some stack, spec in input.specs
	some name, _ in spec.parameters.settings
	secret_name(name)
}

mask contains sprintf("/input/change_set/patches/%d/merge_patch/settings/%s", [i, escape(name)]) if {
	some i, patch in input.change_set.patches
	some name, _ in patch.merge_patch.settings
	secret_name(name)
}

mask contains sprintf("/input/%s/%d/%s/value", [side, i, when]) if {
	some side in ["diff", "inverse"]
	some i, c in input[side]
	c.type == "aws_ssm_parameter"
	some when in ["before", "after"]
	c[when].type == "SecureString"
}

mask contains sprintf("/input/%s/%d/%s/value", [side, i, when]) if {
	some side in ["diff", "inverse"]
	some i, c in input[side]
	c.type == "aws_ssm_parameter"
	some when in ["before", "after"]
	secret_name(c[when].name)
}

secret_name(name) if regex.match(`(?i)(password|passwd|secret|token|credential|api[-_]?key|private[-_]?key)`, name)

escape(key) := replace(replace(key, "~", "~0"), "/", "~1")
