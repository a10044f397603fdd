package aegis.lib_test

import data.aegis.fixtures.change
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.lib

test_changes_by_type if {
	changes := [create("aws_vpc", {}), update("aws_vpc", {}, {}), change("replace", "aws_lb", {}, {}), delete("aws_vpc", {"x": 1})]
	lib.by_type == {"aws_lb": [changes[2]], "aws_vpc": [changes[0], changes[1]]} with input as diff(changes)
	lib.removed_by_type == {"aws_lb": [changes[2]], "aws_vpc": [changes[3]]} with input as diff(changes)
	lib.restored_by_type == {"aws_lb": [changes[2]], "aws_vpc": [changes[0], changes[1]]} with input as given({"inverse": changes})
	count(lib.undo_removed) == 2 with input as given({"inverse": changes})
}

test_lists_that_are_missing if {
	lib.changes == [] with input as {"diff": null}
	lib.undo == [] with input as {}
	lib.by_type == {} with input as {"diff": null}
}

test_own_sources if {
	lib.own with input as {"source": "drift"}
	not lib.own with input as {"source": "goal"}
}

test_attributes_that_turn if {
	lib.changed_to(create("x", {"open": true}), "open", true)
	not lib.changed_to(update("x", {"open": true}, {"open": true}), "open", true)
	lib.turned_off(update("x", {"open": "true"}, {}), "open")
	not lib.turned_off(pending(update("x", {"open": true}, {}), ["open"]), "open")
	not lib.turned_off(create("x", {"open": false}), "open")
}
