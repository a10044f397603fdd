package aegis.gate_test

import data.aegis.fixtures.base
import data.aegis.fixtures.create
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

test_harmless_change_is_allowed if {
	doc := diff([update("aws_cloudwatch_log_group", {"retention_in_days": 30}, {"retention_in_days": 90})])
	denied(doc) == set()
	warned(doc) == set()
}

test_empty_input_is_no_error if {
	denied({}) == set()
	warned({}) == set()
	denied({"diff": null, "inverse": null}) == set()
}

bad := diff([create("aws_db_instance", {"publicly_accessible": true, "backup_retention_period": 7})])

test_packs_have_switches if {
	denied(bad) == {"public_database"}
	denied(bad) == set() with data.aegis.settings.packs.network as "off"
	not "public_database" in warned(bad) with data.aegis.settings.packs.network as "off"
	denied(bad) == set() with data.aegis.settings.packs.network as "warn"
	"public_database" in warned(bad) with data.aegis.settings.packs.network as "warn"
}

test_rules_have_switches if {
	denied(bad) == set() with data.aegis.settings.rules as {"public_database": "off"}
	"public_database" in warned(bad) with data.aegis.settings.rules as {"public_database": "warn"}
	denied(bad) == {"public_database"} with data.aegis.settings.rules as {"public_database": "on"}
		with data.aegis.settings.packs.network as "off"
	not "single_zone" in warned(bad) with data.aegis.settings.rules as {"single_zone": "off"}
}

test_unknown_switch_is_on if {
	denied(bad) == {"public_database"} with data.aegis.settings.packs as {}
	denied(bad) == {"public_database"} with data.aegis.settings.packs.network as "of"
}

test_rules_of_a_new_pack_count if {
	mine := {"deny": {{"code": "mine", "msg": "no", "address": ""}}, "warn": set(), "require": set()}
	denied(base) == {"mine"} with data.aegis.packs.mine as mine
	denied(base) == set() with data.aegis.packs.mine as mine with data.aegis.settings.packs.mine as "off"
}
