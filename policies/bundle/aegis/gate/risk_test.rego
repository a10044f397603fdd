package aegis.gate_test

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
