# METADATA
# title: What a decision's record leaves out
# description: >-
#   The values of the input that are replaced before it is stored. As in OPA, a mask is also the JSON pointer alone of what is
#   to be left out; what is replaced stays visible as having been there.
# schemas:
#   - input: schema.gate.input
package aegis.system.log

mask contains {"op": "upsert", "path": path, "value": "[secret]"} if some path in secrets

secrets contains sprintf("/input/specs/%s/parameters/settings/%s", [escape(stack), escape(name)]) if {
	some stack, spec in input.specs
	some name, _ in spec.parameters.settings
	secret_name(name)
}

secrets contains sprintf("/input/change_set/patches/%d/merge_patch/settings/%s", [i, escape(name)]) if {
	some i, patch in input.change_set.patches
	some name, _ in patch.merge_patch.settings
	secret_name(name)
}

secrets contains sprintf("/input/%s/%d/%s/value", [side, i, when]) if {
	some side in ["diff", "inverse"]
	some i, c in input[side]
	c.type == "aws_ssm_parameter"
	some when in ["before", "after"]
	c[when].type == "SecureString"
}

secrets contains sprintf("/input/%s/%d/%s/value", [side, i, when]) if {
	some side in ["diff", "inverse"]
	some i, c in input[side]
	c.type == "aws_ssm_parameter"
	some when in ["before", "after"]
	secret_name(c[when].name)
}

secret_name(name) if regex.match(`(?i)(password|passwd|secret|token|credential|api[-_]?key|private[-_]?key)`, name)

escape(key) := replace(replace(key, "~", "~0"), "/", "~1")
