package aegis.packs.tagging_test

import data.aegis.fixtures.create
import data.aegis.fixtures.denies
import data.aegis.fixtures.given
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

full := {"aegis:stack": "dev.data.eu-west-1", "aegis:layer": "data", "aegis:environment": "dev"}

tagged(tags) := {"tags": tags}

test_creations_bear_tags if {
	warns("tags_missing", create("aws_vpc", {}))
	warns("tags_missing", create("aws_vpc", tagged({"Name": "x"})))
	not warns("tags_missing", create("aws_vpc", tagged(full)))
	not warns("tags_missing", pending(create("aws_vpc", {}), ["tags"]))
	not warns("tags_missing", create("aws_route", {}))
	not "tags_missing" in {w.code | some w in data.aegis.gate.warn} with input as given({
		"diff": [create("aws_vpc", {})], "change_set": {"target": {"kind": "terraform_workspace"}},
	})
}

test_groups_have_a_list_of_tags if {
	list := {"tag": [{"key": key, "value": text} | some key, text in full]}
	not warns("tags_missing", create("aws_autoscaling_group", list))
	denies("tags_removed", update("aws_autoscaling_group", list, {}))
}

test_tags_stay if {
	denies("tags_removed", update("aws_vpc", tagged(full), tagged(object.remove(full, ["aegis:layer"]))))
	denies("tags_removed", update("aws_vpc", tagged(full), {}))
	not denies("tags_removed", update("aws_vpc", tagged(full), tagged(object.union(full, {"more": "x"}))))
	not denies("tags_removed", pending(update("aws_vpc", tagged(full), {}), ["tags"]))
}

test_tags_name_the_own_stack if {
	other := object.union(full, {"aegis:stack": "prod.data.eu-west-1"})
	denies("tags_of_another_stack", update("aws_vpc", tagged(full), tagged(other)))
	not denies("tags_of_another_stack", create("aws_vpc", tagged(full)))
}

test_values_of_tags if {
	wrong := create("aws_vpc", tagged(object.union(full, {"cost-center": "fun"})))
	not denies("tag_value_not_allowed", wrong)
	denies("tag_value_not_allowed", wrong) with data.aegis.settings.tagging.allowed_values as {"cost-center": ["platform"]}
	not denies("tag_value_not_allowed", wrong) with data.aegis.settings.tagging.allowed_values as {"cost-center": ["fun"]}
}

test_tags_hold_no_secrets if {
	denies("secret_in_tag", create("aws_vpc", tagged({"db-password": "hunter2hunter2"})))
	not denies("secret_in_tag", create("aws_vpc", tagged({"db-password": "arn:aws:secretsmanager:eu-west-1:1:secret:x"})))
	not denies("secret_in_tag", create("aws_vpc", tagged({"Name": "hunter2hunter2"})))
	kept := tagged({"token": "hunter2hunter2"})
	not denies("secret_in_tag", update("aws_vpc", kept, kept))
}
