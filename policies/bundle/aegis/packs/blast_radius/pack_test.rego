package aegis.packs.blast_radius_test

import data.aegis.fixtures.by
import data.aegis.fixtures.change
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.many
import data.aegis.fixtures.warned
import data.aegis.fixtures.warns

test_blast_radius if {
	denied(diff(many(26, "delete"))) == {"blast_radius"}
	denied(diff(many(25, "delete"))) == set()
	denied(diff(many(1001, "create"))) == {"blast_radius"}
	denied(given({"diff": many(26, "delete"), "source": "rollback"})) == set()
}

test_stacks_that_may_go_are_no_blast if {
	stack := "dev.data.eu-west-1"
	gone := {
		"diff": [object.union(c, {"stack_id": stack}) | some c in many(60, "delete")], "source": "operator",
		"change_set": {"patches": [{"stack_id": stack, "destroy": true}]},
		"specs": {stack: {"parameters": {"deletable": true}}},
	}
	denied(given(gone)) == set()
	"blast_radius" in denied(given(object.union(gone, {"source": "goal"})))
	"blast_radius" in denied(given(object.union(gone, {"change_set": {"patches": []}})))
}

test_mass_replacement if {
	denied(diff(many(11, "replace"))) == {"mass_replacement"}
	denied(diff(many(10, "replace"))) == set()
	denied(given({"diff": many(11, "replace"), "source": "rollback"})) == set()
}

test_stacks_are_counted if {
	many_stacks := [sprintf("dev.data-%d.eu-west-1", [i]) | some i in numbers.range(1, 51)]
	doc := given({"change_set": {"target": {"stack_ids": many_stacks}}})
	denied(doc) == {"too_many_stacks"}
	denied(object.union(doc, {"source": "bootstrap"})) == set()
}

test_bundles_may_have_many_modules if {
	modules := [object.union(c, {"type": "policy_module"}) | some c in many(30, "delete")]
	denied(given({"diff": modules, "change_set": {"target": {"kind": "policy_bundle"}}})) == set()
}

test_foundations_stay if {
	warns("foundation_replaced", change("replace", "aws_vpc", {}, {}))
	not warns("foundation_replaced", change("replace", "aws_subnet", {}, {}))
	not warns("foundation_replaced", delete("aws_vpc", {}))
}

test_a_region_is_left if {
	gone := [object.union(delete("aws_subnet", {}), {"region": r}) | some r in ["us-east-1", "eu-west-1"]]
	warned(diff(gone)) == {"destructive_everywhere"}
	warned(diff(array.slice(gone, 0, 1))) == set()
	warned(by("rollback", gone)) == set()
}

test_dns_records if {
	denied(diff(records_of(11))) == {"dns_records_removed"}
	denied(diff(records_of(10))) == set()
	denied(by("rollback", records_of(11))) == set()
}

records_of(n) := [object.union(delete("aws_route53_record", {}), {"address": sprintf("r%d", [i])}) | some i in numbers.range(1, n)]
