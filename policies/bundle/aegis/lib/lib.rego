# METADATA
# title: Shared library
# description: |
#   What rules of every pack need: the change by type of resource, reading
#   attributes whatever engine wrote them, and the form of a finding.
# scope: subpackages
# schemas:
#   - input: schema.gate.input
package aegis.lib

settings := data.aegis.settings

# finding is what a rule answers. The address is "" when it is about the whole
# change.
finding(code, msg, address) := {"code": code, "msg": msg, "address": address}

default changes := []

changes := input.diff if is_array(input.diff)

default undo := []

undo := input.inverse if is_array(input.inverse)

# by_action and undo_by_action hold the difference and its inverse by what
# happens to a resource. These tables are made once for a decision, in one pass
# each: OPA indexes a comprehension that compares an element with a variable
# from outside of it.
by_action := {action: found |
	some action in actions
	found := [c | some i; input.diff[i].action == action; c := input.diff[i]]
}

undo_by_action := {action: found |
	some action in actions
	found := [c | some i; input.inverse[i].action == action; c := input.inverse[i]]
}

actions := {"create", "delete", "replace", "update"}

# present is what the change leaves behind, restored what its inverse would.
present := array.concat(array.concat(by_action.create, by_action.update), by_action.replace)

restored := array.concat(array.concat(undo_by_action.create, undo_by_action.update), undo_by_action.replace)

# removed takes a resource away, if only to make it anew.
removed := array.concat(by_action.delete, by_action.replace)

undo_removed := array.concat(undo_by_action.delete, undo_by_action.replace)

# by_type holds, for each type of resource, what the change creates, updates
# and replaces. A rule reads the types that it is about, and costs next to
# nothing when there are none.
by_type := {type: found |
	some type in {t | t := present[_].type}
	found := [c | some i; present[i].type == type; c := present[i]]
}

# removed_by_type holds what the change deletes, and what it replaces.
removed_by_type := {type: found |
	some type in {t | t := removed[_].type}
	found := [c | some i; removed[i].type == type; c := removed[i]]
}

# restored_by_type holds what the inverse leaves behind.
restored_by_type := {type: found |
	some type in {t | t := restored[_].type}
	found := [c | some i; restored[i].type == type; c := restored[i]]
}

# The types of by_type and its like. Rules meet them with the types that they
# are about first, so that a decision costs by what changes and not by how many
# rules there are.
types := object.keys(by_type)

removed_types := object.keys(removed_by_type)

restored_types := object.keys(restored_by_type)

stateful_types := {t | some t in settings.stateful_types}

# own says that the content is a fixed program at a spec judged before, not
# something newly asked for.
own if input.source in settings.own_sources

# goes_with_bucket says that the bucket that a removed resource belongs to is
# removed as well.
goes_with_bucket(c) if {
	some bucket in removed_by_type.aws_s3_bucket
	bucket.action == "delete"
	bucket.stack_id == c.stack_id
	bucket.before.bucket == c.before.bucket
}

# may_go says that an operator may destroy the stack, by the spec that the change
# leads to: what destroys a stack changes nothing else of it.
may_go(stack_id) if {
	input.source == "operator"
	input.specs[stack_id].parameters.deletable == true
}

# goes_with_stack says that a resource is removed with a stack that may go.
goes_with_stack(c) if {
	some patch in input.change_set.patches
	patch.stack_id == c.stack_id
	patch.destroy == true
	may_go(c.stack_id)
}

# changed_to says that an attribute has this value now and had another before.
changed_to(c, name, wanted) if {
	c.after[name] == wanted
	not c.before[name] == wanted
}

# turned_off says that an attribute was true and is not any more.
turned_off(c, name) if {
	c.before[name] in yes
	not on(c.after, name)
	not pending(c, name)
}

# on says that an attribute is true, which some attributes are as text.
on(attrs, name) if attrs[name] in yes

yes := {true, "true"}

# said is what follows a prefix in the change set's constraints.
said(prefix) := {trim_prefix(constraint, prefix) |
	some constraint in input.change_set.constraints
	startswith(constraint, prefix)
}
