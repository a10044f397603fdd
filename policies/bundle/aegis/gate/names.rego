package aegis.gate

import data.aegis.lib

# Names of the shared library that rules in this package use without import.

settings := lib.settings

changes := lib.changes

present := lib.present

removed := lib.removed

by_type := lib.by_type

finding(code, msg, address) := lib.finding(code, msg, address)

items(x) := lib.items(x)

value(attrs, name, fallback) := lib.value(attrs, name, fallback)

attr(attrs, name) := lib.attr(attrs, name)

filled(attrs, name) if lib.filled(attrs, name)

number(x) := lib.number(x)
