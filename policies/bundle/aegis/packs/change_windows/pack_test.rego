package aegis.packs.change_windows_test

import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

touching := diff([update("aws_subnet", {}, {})])

at(time) := object.union(touching, {"now": time})

configured(more) := object.union({"freezes": [], "allowed": [], "warn_hours": 24, "exempt_sources": ["containment", "rollback"]}, more)

freeze(more) := configured({"freezes": [object.union(
	{"name": "Christmas", "from": "2026-12-20T00:00:00+01:00", "to": "2027-01-04T08:00:00+01:00"},
	more,
)]})

hours(more) := configured({"allowed": [object.union({"days": ["Mon", "Tue", "Wed"], "from": "08:00", "to": "16:30"}, more)]})

test_nothing_is_configured_at_first if {
	denied(touching) == set()
	denied(object.remove(touching, ["now"])) == set()
}

test_freeze_holds_up_changes if {
	denied(at("2026-12-24T12:00:00Z")) == {"change_freeze"} with data.aegis.settings.change_windows as freeze({})
	denied(at("2026-12-19T22:59:59Z")) == set() with data.aegis.settings.change_windows as freeze({})
	denied(at("2027-01-04T07:00:00Z")) == set() with data.aegis.settings.change_windows as freeze({})
	warned(at("2026-12-19T12:00:00Z")) == {"change_freeze_soon"} with data.aegis.settings.change_windows as freeze({})
}

test_freeze_concerns_what_it_names if {
	christmas := at("2026-12-24T12:00:00Z")
	denied(christmas) == {"change_freeze"} with data.aegis.settings.change_windows as freeze({"layers": ["data", "edge"]})
	denied(christmas) == set() with data.aegis.settings.change_windows as freeze({"layers": ["edge"]})
	denied(christmas) == {"change_freeze"} with data.aegis.settings.change_windows as freeze({"environments": ["d*"], "regions": ["eu-*"]})
	denied(christmas) == set() with data.aegis.settings.change_windows as freeze({"stacks": ["prod.*"]})
}

test_containment_and_rollback_go_on if {
	every source in ["containment", "rollback"] {
		doc := object.union(at("2026-12-24T12:00:00Z"), {"source": source, "diff": []})
		denied(doc) == set() with data.aegis.settings.change_windows as freeze({})
		denied(object.remove(doc, ["now"])) == set() with data.aegis.settings.change_windows as freeze({})
	}
}

test_hours_of_change if {
	denied(at("2026-05-13T10:30:00Z")) == set() with data.aegis.settings.change_windows as hours({})
	denied(at("2026-05-13T16:30:00Z")) == {"outside_change_window"} with data.aegis.settings.change_windows as hours({})
	denied(at("2026-05-14T10:30:00Z")) == {"outside_change_window"} with data.aegis.settings.change_windows as hours({})
	denied(at("2026-05-13T06:30:00Z")) == set() with data.aegis.settings.change_windows as hours({"zone": "Europe/Berlin"})
	denied(at("2026-05-14T10:30:00Z")) == set() with data.aegis.settings.change_windows as hours({"layers": ["edge"]})
}

test_message_says_when if {
	some r in data.aegis.gate.deny with input as at("2026-05-14T10:30:00Z") with data.aegis.settings.change_windows as hours({})
	r.msg == "dev.data.eu-west-1 is changed on Mon, Tue, Wed from 08:00 to 16:30 UTC"
}

test_windows_need_the_time if {
	timeless := object.remove(touching, ["now"])
	denied(timeless) == {"change_time_unknown"} with data.aegis.settings.change_windows as freeze({})
	denied(object.union(touching, {"now": ""})) == {"change_time_unknown"} with data.aegis.settings.change_windows as hours({})
}

test_bundles_are_held_up_too if {
	bundle := given({"now": "2026-12-24T12:00:00Z", "change_set": {"target": {"kind": "policy_bundle", "stack_ids": []}}})
	doc := object.union(object.remove(bundle, ["stacks"]), {"stacks": {}})
	denied(doc) == {"change_freeze"} with data.aegis.settings.change_windows as freeze({})
	denied(doc) == set() with data.aegis.settings.change_windows as freeze({"layers": ["data"]})
}
