package aegis.packs.blast_radius_test

import data.aegis.fixtures.change
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

replaced(n) := [object.union(change("replace", "aws_instance", {}, {}), {"address": sprintf("aws_instance::%d", [i])}) |
	some i in numbers.range(1, n)
]

nodes(n) := {"dev.runtime.eu-west-1": {"region": "eu-west-1", "parameters": {"node_desired": n}}}

code := "region_instances_replaced"

test_share_of_a_regions_instances if {
	code in denied(diff(replaced(2)))
	not code in denied(diff(replaced(1)))
	not code in denied(given({"diff": replaced(2), "specs": nodes(4)}))
	code in denied(given({"diff": replaced(3), "specs": nodes(4)}))
	code in denied(given({"diff": replaced(2), "specs": nodes(4)})) with data.aegis.settings.max_instances_replaced_share as 0.1
	not code in denied(given({"diff": replaced(2), "source": "rollback"}))
}

test_instances_that_go_with_their_stack if {
	stack := "dev.runtime.eu-west-1"
	gone := {
		"diff": [object.union(delete("aws_autoscaling_group", {"desired_capacity": 2}), {"stack_id": stack})], "source": "operator",
		"change_set": {"patches": [{"stack_id": stack, "destroy": true}]},
		"specs": {stack: {"region": "eu-west-1", "parameters": {"node_desired": 2, "deletable": true}}},
	}
	not code in denied(given(gone))
	code in denied(given(object.union(gone, {"change_set": {"patches": []}})))
}

test_instances_of_a_workspace if {
	adopted := {"ops": {"kind": "terraform_workspace", "region": "", "resource_count": 40}}
	not code in denied(object.union(diff(replaced(3)), {"stacks": adopted}))
}

test_message_says_how_many if {
	some r in data.aegis.gate.deny with input as given({"diff": replaced(3), "specs": nodes(4)})
	r.code == code
	r.msg == "3 of the 4 instances of eu-west-1 would be replaced at once; the most is 50 %"
}

group(desired, more) := object.union({"desired_capacity": desired, "launch_template": {"id": "lt-1", "version": "1"}}, more)

test_groups_count_with_their_instances if {
	code in denied(diff([change("replace", "aws_autoscaling_group", group(4, {}), group(4, {}))]))
	code in denied(diff([delete("aws_eks_node_group", {"scaling_config": [{"desired_size": 3}]})]))
	not code in denied(diff([change("replace", "aws_autoscaling_group", group(1, {}), group(1, {}))]))
}

refresh(percent) := {"instance_refresh": [{"strategy": "Rolling", "preferences": [{"min_healthy_percentage": percent}]}]}

newer(percent) := object.union(group(10, refresh(percent)), {"launch_template": {"id": "lt-1", "version": "2"}})

test_refresh_replaces_part_of_a_group if {
	code in denied(diff([update("aws_autoscaling_group", group(10, refresh(20)), newer(20))]))
	not code in denied(diff([update("aws_autoscaling_group", group(10, refresh(90)), newer(90))]))
	not code in denied(diff([update("aws_autoscaling_group", group(10, refresh(20)), group(10, refresh(20)))]))
}

test_capacity_is_cut_in_steps if {
	warns("capacity_cut", update("aws_autoscaling_group", group(10, {}), group(4, {})))
	not warns("capacity_cut", update("aws_autoscaling_group", group(10, {}), group(5, {})))
	warns("capacity_cut", update("aws_ecs_service", {"desired_count": 10}, {"desired_count": 1}))
}
