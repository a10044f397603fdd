# METADATA
# title: Stateful protection
# description: What holds data stays, and stays hard to lose.
# schemas:
#   - input: schema.gate.input
package aegis.packs.stateful

import data.aegis.lib

# METADATA
# title: Stateful resource deleted
# description: |
#   What holds data is deleted or replaced only with a final snapshot, when
#   a rollback takes away what its change had made, or with a stack that may go.
# custom:
#   code: stateful_delete
#   severity: critical
#   remediation: Keep it, or have it make a final snapshot first.
#   controls: ["FSBP:KMS.3"]
deny contains lib.finding("stateful_delete", msg, c.address) if {
	not input.source in lib.settings.stateful_delete_sources
	some type in (lib.removed_types & lib.stateful_types)
	some c in lib.removed_by_type[type]
	not final_snapshot(c)
	not lib.goes_with_stack(c)
	msg := sprintf("%s would be %sd with what it holds", [c.address, c.action])
}

# METADATA
# title: Rollback would lose data
# description: |
#   Undoing this change would replace a stateful resource. The change is
#   allowed; its automatic rollback is not.
# custom:
#   code: inverse_stateful_replace
#   severity: medium
#   remediation: Automatic rollback is off; a failure needs a new goal.
warn contains lib.finding("inverse_stateful_replace", msg, c.address) if {
	some type in (lib.restored_types & lib.stateful_types)
	some c in lib.restored_by_type[type]
	c.action == "replace"
	not final_snapshot(c)
	msg := sprintf("undoing would replace %s with what it holds", [c.address])
}

# METADATA
# title: Inverse deletes what the change did not make
# description: An inverse takes away only what its change creates.
# custom:
#   code: inverse_stateful_delete
#   severity: critical
#   remediation: Propose the change again on the newest revision.
deny contains lib.finding("inverse_stateful_delete", msg, c.address) if {
	some c in lib.undo_by_action.delete
	c.type in lib.stateful_types
	not [c.stack_id, c.address] in created
	msg := sprintf("undoing would delete %s, which this change does not create", [c.address])
}

# METADATA
# title: Whole stack removed
# description: |
#   A rollback of its creation removes a stack, and an operator one whose spec
#   says that it may go.
# custom:
#   code: stack_destroy
#   severity: critical
#   remediation: Set deletable in the stack's parameters, then destroy it.
deny contains lib.finding("stack_destroy", msg, "") if {
	input.source != "rollback"
	some patch in input.change_set.patches
	patch.destroy == true
	not lib.may_go(patch.stack_id)
	msg := sprintf("everything in %s would be removed", [patch.stack_id])
}

created contains [c.stack_id, c.address] if {
	some c in lib.by_action.create
	c.type in lib.stateful_types
}

final_snapshot(c) if {
	c.type in {"aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_redshift_cluster"}
	c.before.skip_final_snapshot == false
	lib.filled(c.before, "final_snapshot_identifier")
}

final_snapshot(c) if {
	c.type in {"aws_elasticache_cluster", "aws_elasticache_replication_group"}
	lib.filled(c.before, "final_snapshot_identifier")
}
