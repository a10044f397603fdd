# METADATA
# title: The gate
# description: |
#   Judges one change set. deny and warn are sets of {code, msg, address};
#   require and execution_policy are objects. A rule family is one file; to
#   add one, add a file of this package.
package aegis.gate

settings := data.aegis.settings

changes := [c | some c in input.diff]

undo := [c | some c in input.inverse]

# What the change leaves behind, and what its inverse would.
present := [c | some c in changes; c.action != "delete"]

restored := [c | some c in undo; c.action != "delete"]

# Changes that take a resource away, if only to make it anew.
removed := [c | some c in changes; c.action in {"delete", "replace"}]

finding(code, msg, address) := {"code": code, "msg": msg, "address": address}

# own says that the content is a fixed program at a spec judged before, not
# something newly asked for.
own if input.source in settings.own_sources

# items makes a list of what may be a list, a single value or nothing.
items(x) := x if is_array(x)

items(x) := [e | some e in x] if is_set(x)

items(x) := [x] if {
	not is_array(x)
	not is_set(x)
	not is_null(x)
}

items(null) := []

# value is an attribute, or the fallback when there is none. Attributes are
# null before a creation and after a deletion.
value(attrs, name, fallback) := object.get(attrs, name, fallback) if is_object(attrs)

value(attrs, _, fallback) := fallback if not is_object(attrs)

# attr is an attribute's list of values, empty when it is absent.
attr(attrs, name) := items(value(attrs, name, null))

number(x) := x if is_number(x)

number(x) := to_number(x) if {
	is_string(x)
	regex.match(`^-?[0-9]+$`, x)
}
