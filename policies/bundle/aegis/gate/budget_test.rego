package aegis.gate_test

costing(usd, budget) := given({"change_set": {"cost_delta_usd_month": usd}, "budget": budget})

test_goal_budget if {
	denied(costing(50.5, {"goal_usd_month": 50})) == {"budget_exceeded"}
	denied(costing(50, {"goal_usd_month": 50})) == set()
	denied(costing(0, {"goal_usd_month": 0})) == set()
	denied(costing(-5, {"goal_usd_month": -10})) == set()
	denied(costing(0.01, {"goal_usd_month": 0})) == {"budget_exceeded"}
}

test_estate_budget if {
	account := {"limit_usd_month": 100, "reserved_usd_month": 30, "spent_usd_month": 40}
	denied(costing(30, account)) == set()
	denied(costing(30.01, account)) == {"budget_exceeded"}
	denied(costing(-1, object.union(account, {"spent_usd_month": 400}))) == set()
	denied(costing(1000, {"limit_usd_month": -1})) == set()
	denied(costing(1, {"limit_usd_month": 0})) == {"budget_exceeded"}
}

test_unknown_cost_is_a_warning if {
	doc := given({"change_set": {"cost_unknown": ["aws_x::y"]}})
	denied(doc) == set()
	warned(doc) == {"cost_unknown"}
}
