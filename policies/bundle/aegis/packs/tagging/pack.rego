# METADATA
# title: Tagging
# description: Every resource says whose it is.
# schemas:
#   - input: schema.gate.input
package aegis.packs.tagging

import data.aegis.lib

# METADATA
# title: Tags missing
# description: What the autopilot's own programs create bears the tags of its stack, by which it is found again.
# custom:
#   code: tags_missing
#   severity: medium
#   remediation: Add the tags.
warn contains lib.finding("tags_missing", msg, c.address) if {
	input.change_set.target.kind == "pulumi_stack"
	some c in bare
	c.action == "create"
	c.type in tagged_types
	missing := required - tag_keys(c.after)
	count(missing) > 0
	not lib.pending(c, "tags")
	msg := sprintf("%s has no %s", [c.address, concat(", ", sort(missing))])
}

# METADATA
# title: Tags removed
# description: A resource keeps the tags by which it is found, billed and guarded.
# custom:
#   code: tags_removed
#   severity: high
#   remediation: Keep the tags.
deny contains lib.finding("tags_removed", msg, c.address) if {
	some c in bare
	c.action == "update"
	lost := (required & tag_keys(c.before)) - tag_keys(c.after)
	count(lost) > 0
	not lib.pending(c, "tags")
	msg := sprintf("%s loses %s", [c.address, concat(", ", sort(lost))])
}

# METADATA
# title: Tags of another stack
# description: A resource that says that it is another stack's would be taken for it, and deleted with it.
# custom:
#   code: tags_of_another_stack
#   severity: critical
#   remediation: Leave the tags aegis:stack and aegis:address to the programs.
deny contains lib.finding("tags_of_another_stack", msg, c.address) if {
	count(stacks_named) > 1
	some c in lib.present
	claimed := c.after.tags["aegis:stack"]
	claimed != c.stack_id
	msg := sprintf("%s says that it is of stack %s", [c.address, claimed])
}

# METADATA
# title: Value of a tag not allowed
# description: Tags in allowed_values have one of the values that are given there.
# custom:
#   code: tag_value_not_allowed
#   severity: medium
#   remediation: Choose one of the values.
deny contains lib.finding("tag_value_not_allowed", msg, c.address) if {
	some key, values in lib.settings.tagging.allowed_values
	some c in lib.present
	some actual in [c.after.tags[key]]
	not actual in values
	not c.before.tags[key] == actual
	msg := sprintf("%s has %s = %s, which is not one of %s", [c.address, key, actual, concat(", ", values)])
}

# METADATA
# title: Secret in a tag
# description: Everyone who may list resources reads their tags.
# custom:
#   code: secret_in_tag
#   severity: high
#   remediation: Keep the secret in Secrets Manager.
deny contains lib.finding("secret_in_tag", msg, c.address) if {
	some key in tag_names
	lib.secret_name(key)
	some c in lib.present
	text := c.after.tags[key]
	holds_secret(text)
	not c.before.tags[key] == text
	msg := sprintf("%s has a secret in tag %s", [c.address, key])
}

tagged_types := {t | some t in lib.settings.tagging.types}

required := {t | some t in lib.settings.tagging.required}

# stacks_named are the stacks that resources are of, and that they say they are of.
stacks_named := {s | s := lib.present[_].stack_id} | {s | s := lib.present[_].after.tags["aegis:stack"]}

tag_names := union({object.keys(tags) | tags := lib.present[_].after.tags; is_object(tags)})

# bare are the resources that lack a required tag among their tags, if they
# have any: Auto Scaling groups have a list.
bare := [lib.present[i] | some i in ({j | lib.present[j]} - bearers)]

bearers := intersection({{i | lib.present[i].after.tags[tag]} | some tag in required})

tag_keys(attrs) := object.keys(tags) if {
	tags := attrs.tags
	is_object(tags)
} else := {t.key | some t in attrs.tag} if {
	attrs.tag
} else := set()

# holds_secret says that a text is no name, path, ARN or yes and no.
holds_secret(text) if {
	count(text) >= 12
	regex.match(`[0-9]`, text)
	not regex.match(`[/: ]`, text)
}
