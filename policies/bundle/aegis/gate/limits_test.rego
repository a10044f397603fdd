package aegis.gate_test

many(n, action) := [object.union(change(action, "aws_subnet", {}, {}), {"address": sprintf("aws_subnet::%d", [i])}) |
	some i in numbers.range(1, n)
]

test_blast_radius if {
	denied(diff(many(26, "delete"))) == {"blast_radius"}
	denied(diff(many(25, "delete"))) == set()
	denied(diff(many(1001, "create"))) == {"blast_radius"}
	denied(given({"diff": many(26, "delete"), "source": "rollback"})) == set()
}

test_mass_replacement if {
	denied(diff(many(11, "replace"))) == {"mass_replacement"}
	denied(diff(many(10, "replace"))) == set()
	denied(given({"diff": many(11, "replace"), "source": "rollback"})) == set()
}

kept(days) := {"retention_in_days": days}

test_log_retention if {
	denied(diff([update("aws_cloudwatch_log_group", kept(30), kept(3))])) == {"log_retention_too_short"}
	denied(diff([update("aws_cloudwatch_log_group", kept(30), kept(7))])) == set()
	denied(diff([update("aws_cloudwatch_log_group", kept(30), kept(0))])) == set()
	denied(diff([update("aws_cloudwatch_log_group", kept(3), kept(3))])) == set()
	denied(diff([create("aws_cloudwatch_log_group", object.union(kept(1), {"kms_key_id": "k"}))])) == {"log_retention_too_short"}
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

test_constraints_hold_the_plan if {
	replaces := change("replace", "aws_subnet", {}, {})
	denied(bound(["no_deletions"], delete("aws_subnet", {}))) == {"constraint_broken"}
	denied(bound(["no_deletions"], replaces)) == {"constraint_broken"}
	denied(bound(["no_replacements"], replaces)) == {"constraint_broken"}
	denied(bound(["no_replacements"], delete("aws_subnet", {}))) == set()
	denied(bound(["no_deletions"], create("aws_subnet", {}))) == set()
}
