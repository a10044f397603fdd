package aegis.packs.envelope_test

import data.aegis.fixtures.change
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.given
import data.aegis.fixtures.warned

risking(score, tolerance) := given({"change_set": {"risk_score": score, "risk_tolerance": tolerance}})

test_risk_is_bounded_by_tolerance if {
	denied(risking(31, "low")) == {"risk_exceeds_tolerance"}
	denied(risking(30, "low")) == set()
	denied(risking(61, "medium")) == {"risk_exceeds_tolerance"}
	denied(risking(60, "medium")) == set()
	denied(risking(100, "high")) == set()
	denied(risking(100, "")) == set()
	denied(risking(0, "reckless")) == {"risk_exceeds_tolerance"}
}

test_risk_message_names_the_factors if {
	doc := given({"change_set": {"risk_score": 90, "risk_tolerance": "low", "risk_factors": [{"code": "iam_widening"}, {"code": "regions"}]}})
	some r in data.aegis.gate.deny with input as doc
	r.msg == "risk score 90 is above 30, the bound of tolerance low (iam_widening, regions)"
}

test_irreversible_parts if {
	denied(given({"change_set": {"irreversible": ["aws_x::y"], "risk_tolerance": "low"}})) == {"irreversible_change"}
	doc := given({"change_set": {"irreversible": ["aws_x::y"], "risk_tolerance": "medium"}})
	denied(doc) == set()
	warned(doc) == {"irreversible_part"}
}

test_breakers if {
	b := {"scope": "stack", "key": "dev.data.eu-west-1", "open": true, "reason": "rollback failed"}
	denied(given({"breakers": [b]})) == {"breaker_open"}
	denied(given({"breakers": [object.union(b, {"open": false})]})) == set()
}

test_poor_history_is_a_warning if {
	warned(given({"history": {"promoted": 1, "rolled_back": 1, "failed": 1}})) == {"poor_history"}
	warned(given({"history": {"promoted": 2, "rolled_back": 1, "failed": 1}})) == set()
}

bound(names, c) := given({"diff": [c], "change_set": {"constraints": names}})

confined(names, stacks) := denied(given({"change_set": {"constraints": names, "target": {"stack_ids": stacks}}}))

test_constraints_hold_the_places if {
	here := ["dev.data.eu-west-1"]
	there := ["dev.data.eu-west-1", "dev.runtime.us-east-1"]
	confined(["only_layer:data", "only_region:eu-west-1", "only_region:eu-central-1"], here) == set()
	confined(["only_layer:data"], there) == {"constraint_broken"}
	confined(["only_layer:data", "only_layer:runtime", "only_region:us-east-1"], there) == {"constraint_broken"}
	confined(["only_layer:edge"], here) == {"constraint_broken"}
	elsewhere := object.union(create("aws_subnet", {}), {"stack_id": "dev.network.eu-west-1"})
	denied(bound(["only_layer:data"], elsewhere)) == {"constraint_broken"}
	denied(bound(["no_deletions"], elsewhere)) == set()
}

begun(now, by) := denied(given({"now": now, "change_set": {"constraints": [sprintf("begun_by:%s", [by])]}}))

test_constraints_hold_the_time if {
	begun("2026-07-29T12:00:00.5Z", "2026-07-29T12:00:01Z") == set()
	begun("2026-07-29T12:00:01.5Z", "2026-07-29T12:00:01Z") == {"constraint_broken"}
	begun("2026-07-29T13:00:00+02:00", "2026-07-29T12:00:00Z") == set()
}

test_constraints_hold_the_plan if {
	replaces := change("replace", "aws_subnet", {}, {})
	denied(bound(["no_deletions"], delete("aws_subnet", {}))) == {"constraint_broken"}
	denied(bound(["no_deletions"], replaces)) == {"constraint_broken"}
	denied(bound(["no_replacements"], replaces)) == {"constraint_broken"}
	denied(bound(["no_replacements"], delete("aws_subnet", {}))) == set()
	denied(bound(["no_deletions"], create("aws_subnet", {}))) == set()
}
