package aegis.packs.cost_test

import data.aegis.fixtures.create
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warned
import data.aegis.fixtures.warns

costing(usd, budget) := given({"change_set": {"cost_delta_usd_month": usd}, "budget": budget})

test_goal_budget if {
	denied(costing(50.5, {"goal_usd_month": 50})) == {"budget_exceeded"}
	denied(costing(50, {"goal_usd_month": 50})) == set()
	denied(costing(0, {"goal_usd_month": 0})) == set()
	denied(costing(-5, {"goal_usd_month": -10})) == set()
	denied(costing(0.01, {"goal_usd_month": 0})) == {"budget_exceeded"}
}

shared(usd) := denied(given({"change_set": {
	"cost_delta_usd_month": usd,
	"constraints": ["at_most_usd_month:30.50"],
}}))

test_share_of_the_goal if {
	shared(30.5) == set()
	shared(30.51) == {"budget_exceeded"}
	shared(-40) == set()
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

test_budget_that_runs_out_is_noticed if {
	account := {"limit_usd_month": 100, "reserved_usd_month": 0, "spent_usd_month": 80}
	warned(costing(15, account)) == {"budget_nearly_spent"}
	warned(costing(5, account)) == set()
	warned(costing(0, account)) == set()
}

test_steps_are_bounded if {
	denied(costing(20001, {})) == {"cost_step"}
	denied(costing(20000, {})) == set()
	denied(object.union(costing(20001, {}), {"source": "bootstrap"})) == set()
}

sized(type) := create("aws_launch_template", {"instance_type": type, "metadata_options": {"http_tokens": "required"}})

test_instance_types if {
	denies("instance_type_not_allowed", sized("m5.metal"))
	denies("instance_type_not_allowed", sized("p5.48xlarge"))
	not denies("instance_type_not_allowed", sized("m7g.large"))
	denies("instance_type_not_allowed", create("aws_eks_node_group", {"instance_types": ["m7g.large", "u-6tb1.metal"]}))
	warns("instance_generation_old", sized("m4.large"))
	warns("instance_generation_old", create("aws_db_instance", {"instance_class": "db.r4.large"}))
	not warns("instance_generation_old", sized("t4g.small"))
}

test_fleets_are_bounded if {
	denies("fleet_too_large", create("aws_autoscaling_group", {"max_size": 201}))
	not denies("fleet_too_large", create("aws_autoscaling_group", {"max_size": 200}))
	not denies("fleet_too_large", update("aws_autoscaling_group", {"max_size": 300}, {"max_size": 300}))
	denies("fleet_too_large", create("aws_eks_node_group", {"scaling_config": [{"max_size": 500}]}))
}

test_storage_classes if {
	warns("storage_class_costly", create("aws_ebs_volume", {"type": "gp2"}))
	not warns("storage_class_costly", create("aws_ebs_volume", {"type": "gp3"}))
	not warns("storage_class_costly", update("aws_db_instance", {"storage_type": "gp2"}, {"storage_type": "gp2"}))
}

test_amounts_are_told if {
	some finding in data.aegis.packs.cost.deny with input as costing(30, {"limit_usd_month": 20, "reserved_usd_month": 0.5, "spent_usd_month": 0})
	finding.msg == "it adds $30.00 a month, $19.50 of the estate's $20.00 is left"
}
