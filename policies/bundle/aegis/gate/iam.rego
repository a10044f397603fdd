package aegis.gate

# METADATA
# title: IAM wildcard
# description: |
#   No policy may allow every action, or every action of a service on every
#   resource, nor attach an AWS policy that does.
# custom:
#   code: iam_wildcard
#   severity: critical
#   remediation: List the actions and the resources that are needed.
deny contains finding("iam_wildcard", msg, c.address) if {
	some c in present
	c.type in policy_types
	some grant in grants(c.type, c.after) - grants(c.type, c.before)
	msg := sprintf("%s allows %s", [c.address, grant])
}

# METADATA
# title: Rollback would allow an IAM wildcard
# description: Undoing this change would allow an IAM wildcard again. The change is allowed; its automatic rollback is not.
# custom:
#   code: inverse_iam_wildcard
#   severity: medium
#   remediation: Automatic rollback is off; a failure needs a new goal.
warn contains finding("inverse_iam_wildcard", msg, c.address) if {
	some c in restored
	c.type in policy_types
	some grant in grants(c.type, c.after) - grants(c.type, c.before)
	msg := sprintf("undoing %s would allow %s", [c.address, grant])
}

# METADATA
# title: Role that anyone may assume
# description: A trust policy may not name every principal without a condition.
# custom:
#   code: iam_trust_wildcard
#   severity: critical
#   remediation: Name the accounts or services that may assume the role.
deny contains finding("iam_trust_wildcard", msg, c.address) if {
	some c in present
	c.type == "aws_iam_role"
	some statement in statements(c.after.assume_role_policy)
	anyone(statement)
	msg := sprintf("%s may be assumed by anyone", [c.address])
}

# METADATA
# title: Permission boundary removed
# description: A role that has a permission boundary keeps one.
# custom:
#   code: iam_boundary_removed
#   severity: high
#   remediation: Keep the role's permission boundary.
deny contains finding("iam_boundary_removed", msg, c.address) if {
	some c in present
	c.type in {"aws_iam_role", "aws_iam_user"}
	filled(c.before, "permissions_boundary")
	not filled(c.after, "permissions_boundary")
	not "permissions_boundary" in c.unknown
	msg := sprintf("%s loses its permission boundary", [c.address])
}

# METADATA
# title: IAM policy not known before the apply
# description: A policy whose content is unknown when policy judges can't be allowed.
# custom:
#   code: iam_policy_unknown
#   severity: high
#   remediation: Make what the policy refers to first, then the policy.
deny contains finding("iam_policy_unknown", msg, c.address) if {
	not own
	some c in present
	c.type in policy_types
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

policy_types := (document_types | attachment_types) | {"aws_iam_role"}

# grants says in words what a resource allows too broadly.
default grants(_, _) := set()

grants(type, attrs) := wildcards(attrs.policy) if type in document_types

grants(type, attrs) := admin(attr(attrs, "policy_arn")) if type in attachment_types

grants("aws_iam_role", attrs) := inline | admin(attr(attrs, "managed_policy_arns")) if {
	inline := {grant | some p in attr(attrs, "inline_policy"); some grant in wildcards(p.policy)}
}

admin(arns) := {arn |
	some arn in arns
	some name in settings.admin_policies
	endswith(arn, sprintf(":aws:policy/%s", [name]))
}

wildcards(policy) := {grant |
	some statement in statements(policy)
	statement.Effect == "Allow"
	some grant in broad(statement)
}

broad(statement) := {sprintf("%s on %s", [action, resource_words(statement)]) |
	some action in attr(statement, "Action")
	is_string(action)
	too_much(action, statement)
} | {"everything except some actions on every resource" |
	statement.NotAction
	every_resource(statement)
}

too_much(action, _) if regex.match(`^[*]+(:[*]+)?$`, action)

too_much(action, statement) if {
	regex.match(`^[^:]*:[*]+$`, action)
	every_resource(statement)
}

every_resource(statement) if {
	some resource in attr(statement, "Resource")
	is_string(resource)
	regex.match(`^([*]+|arn:[^:]*:[^:]*:[*]?:[*]?:[*]+)$`, resource)
}

every_resource(statement) if statement.NotResource

resource_words(statement) := "every resource" if every_resource(statement)

resource_words(statement) := "some resources" if not every_resource(statement)

# statements reads a policy document, which is JSON text or an object.
default statements(_) := []

statements(policy) := attr(json.unmarshal(policy), "Statement") if {
	is_string(policy)
	json.is_valid(policy)
	is_object(json.unmarshal(policy))
}

statements(policy) := attr(policy, "Statement") if is_object(policy)

anyone(statement) if {
	statement.Effect == "Allow"
	not filled(statement, "Condition")
	statement.Principal == "*"
}

anyone(statement) if {
	statement.Effect == "Allow"
	not filled(statement, "Condition")
	"*" in items(statement.Principal.AWS)
}

filled(attrs, name) if not value(attrs, name, null) in {null, "", false, "NONE", [], {}}
