package aegis.gate_test

import data.aegis.fixtures.diff
import data.aegis.fixtures.update
import data.aegis.gate

test_names_of_the_library if {
	c := update("aws_vpc", {}, {"list": ["a"], "one": "b"})
	gate.changes == [c] with input as diff([c])
	gate.present == [c] with input as diff([c])
	gate.removed == [] with input as diff([c])
	gate.by_type == {"aws_vpc": [c]} with input as diff([c])
	gate.settings == data.aegis.settings
	gate.finding("x", "y", "z") == {"code": "x", "msg": "y", "address": "z"}
	gate.items("x") == ["x"]
	gate.value(c.after, "none", 1) == 1
	gate.attr(c.after, "one") == ["b"]
	gate.filled(c.after, "list")
	gate.number("12") == 12
}
