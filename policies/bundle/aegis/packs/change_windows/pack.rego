# METADATA
# title: Change windows
# description: |
#   Freezes and hours of change, in data.aegis.settings.change_windows. A
#   freeze has name, from, to (RFC 3339), and may name layers, environments,
#   regions and stacks (globs); without any it is about everything. A window
#   has days (Mon to Sun), from and to (HH:MM), zone (an IANA name; UTC when
#   absent) and may name the same. Where windows are about a stack, it changes
#   in one of them only. Sources in exempt_sources are never held up.
# schemas:
#   - input: schema.gate.input
package aegis.packs.change_windows

import data.aegis.lib

# METADATA
# title: Change freeze
# description: Nothing that a freeze is about changes while it lasts.
# custom:
#   code: change_freeze
#   severity: high
#   remediation: Wait until the freeze ends, or have an operator end it.
deny contains lib.finding("change_freeze", msg, "") if {
	some freeze in about
	now >= time.parse_rfc3339_ns(freeze.from)
	now < time.parse_rfc3339_ns(freeze.to)
	msg := sprintf("%s: no changes until %s", [freeze.name, freeze.to])
}

# METADATA
# title: Freeze begins soon
# description: A change that has to be undone or mended may run into the freeze.
# custom:
#   code: change_freeze_soon
#   severity: low
#   remediation: See that somebody is there, or wait until after the freeze.
warn contains lib.finding("change_freeze_soon", msg, "") if {
	some freeze in about
	begins := time.parse_rfc3339_ns(freeze.from)
	now < begins
	begins - now < (windows.warn_hours * 3600) * 1000000000
	msg := sprintf("%s begins at %s", [freeze.name, freeze.from])
}

# METADATA
# title: Outside the hours of change
# description: What has hours of change is changed in these hours only.
# custom:
#   code: outside_change_window
#   severity: medium
#   remediation: Submit the goal again in the hours of change.
deny contains lib.finding("outside_change_window", msg, "") if {
	count(windows.allowed) > 0
	now
	some id, stack in stacks
	hours := [w | some w in windows.allowed; concerns(w, id, stack)]
	count(hours) > 0
	count([w | some w in hours; open(w)]) == 0
	msg := sprintf("%s is changed %s", [id, concat(" or ", [words(w) | some w in hours])])
}

# METADATA
# title: Time of the decision not known
# description: With freezes or hours of change configured, a decision needs the time.
# custom:
#   code: change_time_unknown
#   severity: high
#   remediation: Report this; the control plane gives the time with every input.
deny contains lib.finding("change_time_unknown", "the input has no time, and change windows are configured", "") if {
	count(windows.freezes) + count(windows.allowed) > 0
	not exempt
	not now
}

windows := lib.settings.change_windows

exempt if input.source in windows.exempt_sources

# now is defined for whom windows hold up, in nanoseconds since 1970.
now := time.parse_rfc3339_ns(input.now) if {
	not exempt
	input.now != ""
}

# Change sets about no stack, such as a policy bundle, have only themselves.
stacks := input.stacks if count(input.stacks) > 0

stacks := {"": {}} if count(object.get(input, "stacks", {})) == 0

# about are the freezes that concern a stack of the change.
about := [f |
	some f in windows.freezes
	count([id | some id, stack in stacks; concerns(f, id, stack)]) > 0
]

concerns(window, id, stack) if {
	within(window, "layers", lib.value(stack, "layer", ""))
	within(window, "environments", lib.value(stack, "environment", ""))
	within(window, "regions", lib.value(stack, "region", ""))
	within(window, "stacks", id)
}

within(window, name, _) if count(object.get(window, name, [])) == 0

within(window, name, text) if {
	some pattern in window[name]
	glob.match(pattern, [], text)
}

open(window) if {
	today(window) in window.days
	clock(window) >= minutes(window.from)
	clock(window) < minutes(window.to)
}

zone(window) := object.get(window, "zone", "UTC")

today(window) := substring(time.weekday([now, zone(window)]), 0, 3)

clock(window) := (hour * 60) + minute if [hour, minute, _] := time.clock([now, zone(window)])

minutes(text) := (to_number(hour) * 60) + to_number(minute) if [hour, minute] := split(trim_left(text, "+"), ":")

words(window) := sprintf("on %s from %s to %s %s", [concat(", ", window.days), window.from, window.to, zone(window)])
