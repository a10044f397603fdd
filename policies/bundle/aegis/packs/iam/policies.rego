package aegis.packs.iam

import data.aegis.lib

# METADATA
# title: IAM wildcard
# description: |
#   No policy may allow every action, or every action of a service on every
#   resource, nor attach an AWS policy that does.
# custom:
#   code: iam_wildcard
#   severity: critical
#   remediation: List the actions and the resources that are needed.
#   controls: ["FSBP:IAM.1", "FSBP:IAM.21", "CIS-3.0.0:1.16"]
deny contains lib.finding("iam_wildcard", msg, c.address) if {
	some type in (lib.types & policy_types)
	some c in lib.by_type[type]
	some grant in new_grants(c)
	msg := sprintf("%s allows %s", [c.address, grant])
}

# METADATA
# title: Rollback would allow an IAM wildcard
# description: Undoing this change would allow an IAM wildcard again. The change is allowed; its automatic rollback is not.
# custom:
#   code: inverse_iam_wildcard
#   severity: medium
#   remediation: Automatic rollback is off; a failure needs a new goal.
warn contains lib.finding("inverse_iam_wildcard", msg, c.address) if {
	some type in (lib.restored_types & policy_types)
	some c in lib.restored_by_type[type]
	some grant in new_grants(c)
	msg := sprintf("undoing %s would allow %s", [c.address, grant])
}

# METADATA
# title: Role that anyone may assume
# description: A trust policy may not name every principal without a condition.
# custom:
#   code: iam_trust_wildcard
#   severity: critical
#   remediation: Name the accounts or services that may assume the role.
deny contains lib.finding("iam_trust_wildcard", msg, c.address) if {
	some c in lib.by_type.aws_iam_role
	some statement in lib.statements(c.after.assume_role_policy)
	lib.anyone(statement)
	msg := sprintf("%s may be assumed by anyone", [c.address])
}

# METADATA
# title: Permission boundary removed
# description: A role that has a permission boundary keeps one.
# custom:
#   code: iam_boundary_removed
#   severity: high
#   remediation: Keep the role's permission boundary.
deny contains lib.finding("iam_boundary_removed", msg, c.address) if {
	some type in (lib.types & {"aws_iam_role", "aws_iam_user"})
	some c in lib.by_type[type]
	lib.filled(c.before, "permissions_boundary")
	not lib.filled(c.after, "permissions_boundary")
	not lib.pending(c, "permissions_boundary")
	msg := sprintf("%s loses its permission boundary", [c.address])
}

# METADATA
# title: IAM policy not known before the apply
# description: A policy whose content is unknown when policy judges can't be allowed.
# custom:
#   code: iam_policy_unknown
#   severity: high
#   remediation: Make what the policy refers to first, then the policy.
deny contains lib.finding("iam_policy_unknown", msg, c.address) if {
	not lib.own
	some type in (lib.types & policy_types)
	some c in lib.by_type[type]
	some path in c.unknown
	regex.match(`^(policy|policy_arn|assume_role_policy|inline_policy|managed_policy_arns)`, path)
	msg := sprintf("%s: %s is unknown until it is applied", [c.address, path])
}

document_types := {
	"aws_iam_policy",
	"aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy",
}

attachment_types := {
	"aws_iam_policy_attachment",
	"aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment",
}

policy_types := {
	"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy",
	"aws_iam_policy_attachment", "aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment",
	"aws_iam_role",
}

# grants says in words what a resource allows too broadly.
# What was granted before matters only to what grants something now.
new_grants(c) := after - grants(c.type, c.before) if {
	after := grants(c.type, c.after)
	count(after) > 0
}

default grants(_, _) := set()

grants(type, attrs) := wildcards(attrs.policy) if type in document_types

grants(type, attrs) := admin(lib.attr(attrs, "policy_arn")) if type in attachment_types

grants("aws_iam_role", attrs) := inline | admin(lib.attr(attrs, "managed_policy_arns")) if {
	inline := {grant | some p in lib.attr(attrs, "inline_policy"); some grant in wildcards(p.policy)}
}

admin(arns) := {arn |
	some arn in arns
	some name in lib.settings.admin_policies
	endswith(arn, sprintf(":aws:policy/%s", [name]))
}

wildcards(policy) := {grant |
	some statement in lib.statements(policy)
	statement.Effect == "Allow"
	some grant in broad(statement)
}

broad(statement) := {sprintf("%s on %s", [action, resource_words(statement)]) |
	some action in lib.attr(statement, "Action")
	is_string(action)
	too_much(action, statement)
} | {"everything except some actions on every resource" |
	statement.NotAction
	lib.every_resource(statement)
}

too_much(action, _) if regex.match(`^[*]+(:[*]+)?$`, action)

too_much(action, statement) if {
	regex.match(`^[^:]*:[*]+$`, action)
	lib.every_resource(statement)
}

resource_words(statement) := "every resource" if lib.every_resource(statement)

resource_words(statement) := "some resources" if not lib.every_resource(statement)
