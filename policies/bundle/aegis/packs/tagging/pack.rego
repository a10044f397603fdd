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
	some type in (lib.types & tagged_types)
	some c in lib.by_type[type]
	c.action == "create"
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
	some c in retagged
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
	some key in union({object.keys(c.after.tags) | some c in lib.present})
	lib.secret_name(key)
	some c in lib.present
	text := c.after.tags[key]
	holds_secret(text)
	not c.before.tags[key] == text
	msg := sprintf("%s has a secret in tag %s", [c.address, key])
}

tagged_types := {t | some t in lib.settings.tagging.types}

required := {t | some t in lib.settings.tagging.required}

# retagged are the updates of what has tags that change. Auto Scaling groups
# have a list of them.
retagged := [c | some c in lib.by_action.update; not c.before.tags == c.after.tags]

tag_keys(attrs) := object.keys(attrs.tags) if {
	is_object(attrs.tags)
} else := {t.key | some t in attrs.tag} if {
	attrs.tag
} else := set()

# holds_secret says that a text is no name, path, ARN or yes and no.
holds_secret(text) if {
	count(text) >= 12
	regex.match(`[0-9]`, text)
	not regex.match(`[/: ]`, text)
}
