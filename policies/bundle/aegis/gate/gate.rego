# METADATA
# title: The gate
# description: |
#   Judges one change set. deny and warn are sets of {code, msg, address};
#   require and execution_policy are objects. The rules are in the packs, each
#   a package aegis.packs.<pack> with sets deny, warn and require; the switches
#   in data.aegis.settings say what becomes of what they find. Rules of an
#   operator's own go into a pack of their own, or into this package, where no
#   switch concerns them.
# scope: subpackages
# schemas:
#   - input: schema.gate.input
package aegis.gate

import data.aegis.lib

deny contains found if {
	some [pack, found] in denials
	effect(pack, found.code) == "deny"
}

warn contains found if {
	some pack
	some found in data.aegis.packs[pack].warn
	mode(pack, found.code) != "off"
}

# What a switch made of a denial.
warn contains found if {
	some [pack, found] in denials
	effect(pack, found.code) == "warn"
}

# What would have been required.
warn contains lib.finding(found.code, found.msg, "") if {
	some [pack, found] in required
	effect(pack, found.code) == "warn"
}

# requirements are what counts of it.
requirements contains found if {
	some [pack, found] in required
	effect(pack, found.code) == "deny"
}

# denials and required are what the packs find and require, whatever the
# switches say of it.
denials contains [pack, found] if some found in data.aegis.packs[pack].deny

required contains [pack, found] if some found in data.aegis.packs[pack].require

# mode is a rule's own switch, else its pack's; a rule without one is on, and
# so is one whose switch says anything but warn and off.
mode(_, code) := settings.rules[code]

mode(pack, code) := settings.packs[pack] if not settings.rules[code]

mode(pack, code) := "on" if {
	not settings.rules[code]
	not settings.packs[pack]
}

default effect(_, _) := "deny"

effect(pack, code) := "off" if mode(pack, code) == "off"

effect(pack, code) := "warn" if mode(pack, code) == "warn"

effect(pack, code) := "warn" if {
	broken_glass
	pack in settings.break_glass.packs
	mode(pack, code) != "off"
}

# broken_glass says that containing an incident comes before some packs.
broken_glass if input.source in settings.break_glass.sources
