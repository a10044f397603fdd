package aegis.lib

# items makes a list of what may be a list, a single value or nothing, since
# engines differ in how they write blocks.
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
value(attrs, name, fallback) := x if {
	x := attrs[name]
} else := fallback

# attr is an attribute's list of values, empty when it is absent.
attr(attrs, name) := attrs[name] if {
	is_array(attrs[name])
} else := [attrs[name]] if {
	attrs[name] != null
} else := []

# blocks are an attribute's nested blocks. Pulumi names some in the plural.
blocks(attrs, name) := array.concat(attr(attrs, name), attr(attrs, concat("", [name, "s"])))

# filled says that an attribute has a value that means something.
filled(attrs, name) if {
	x := attrs[name]
	not x in {null, "", false, "NONE", [], {}}
}

# pending says that an attribute, or a part of it, is known only after the apply.
pending(c, name) if {
	some path in c.unknown
	startswith(path, name)
	substring(path, count(name), 1) in {"", ".", "["}
}

# unset says that neither the plan nor the apply gives the attribute a value.
unset(c, name) if {
	not filled(c.after, name)
	not pending(c, name)
}

number(x) := x if is_number(x)

number(x) := to_number(x) if {
	is_string(x)
	regex.match(`^-?[0-9]+$`, x)
}

# secret_name says that a name is one of a secret.
secret_name(name) if {
	regex.match(`(?i)(password|passwd|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key)`, name)
}

# usd is an amount of money. The verb f writes only numbers that have a fraction,
# and d only those that have none.
usd(amount) := sprintf("$%d.00", [floor(amount)]) if {
	amount == floor(amount)
} else := sprintf("$%.2f", [amount])
