package aegis.packs.iam

import data.aegis.lib

# METADATA
# title: IAM user
# description: People sign in by federation and programs assume roles; a user is an identity that nobody takes away.
# custom:
#   code: iam_user_created
#   severity: medium
#   remediation: Make a role, and let who needs it assume it.
warn contains lib.finding("iam_user_created", msg, c.address) if {
	some c in lib.by_type.aws_iam_user
	c.action == "create"
	msg := sprintf("%s is a user", [c.address])
}

# METADATA
# title: Long-lived access key
# description: An access key never expires, and its secret is in the state. Sessions of a role expire.
# custom:
#   code: iam_access_key
#   severity: high
#   remediation: Assume a role instead.
deny contains lib.finding("iam_access_key", msg, c.address) if {
	not lib.own
	some c in lib.by_type.aws_iam_access_key
	c.action in {"create", "replace"}
	msg := sprintf("%s never expires", [c.address])
}

# METADATA
# title: Policy of a single user
# description: Permissions belong to groups and roles.
# custom:
#   code: iam_user_policy
#   severity: medium
#   remediation: Attach the policy to a group or a role.
#   controls: ["FSBP:IAM.2", "CIS-3.0.0:1.15"]
warn contains lib.finding("iam_user_policy", msg, c.address) if {
	some type in (lib.types & {"aws_iam_user_policy", "aws_iam_user_policy_attachment"})
	some c in lib.by_type[type]
	c.action == "create"
	msg := sprintf("%s is about a single user", [c.address])
}

# METADATA
# title: Role without a permission boundary
# description: A boundary caps what a role can do, whatever is attached to it later.
# custom:
#   code: iam_boundary_missing
#   severity: medium
#   remediation: Give the role the boundary of the security layer.
warn contains lib.finding("iam_boundary_missing", msg, c.address) if {
	some c in lib.by_type.aws_iam_role
	c.action == "create"
	lib.unset(c, "permissions_boundary")
	not startswith(lib.value(c.after, "path", "/"), "/aws-service-role/")
	msg := sprintf("%s has no permission boundary", [c.address])
}

# METADATA
# title: Way to more permissions
# description: |
#   Some actions, allowed on every resource, let who has them give themselves
#   everything: changing policies and trust, passing any role, assuming any.
# custom:
#   code: iam_escalation
#   severity: critical
#   remediation: Allow these actions on named roles and policies only.
deny contains lib.finding("iam_escalation", msg, c.address) if {
	some type in (lib.types & document_types)
	some c in lib.by_type[type]
	some action in (escalations(c.after.policy) - escalations_of(c.before))
	msg := sprintf("%s allows %s on every resource", [c.address, action])
}

deny contains lib.finding("iam_escalation", msg, c.address) if {
	some c in lib.by_type.aws_iam_role
	some action in (inline_escalations(c.after) - inline_escalations(c.before))
	msg := sprintf("%s allows %s on every resource", [c.address, action])
}

# METADATA
# title: Decryption with every key
# description: Who may decrypt with every key may read all that the account has.
# custom:
#   code: kms_decrypt_everywhere
#   severity: high
#   remediation: Name the keys.
#   controls: ["FSBP:KMS.1", "FSBP:KMS.2"]
warn contains lib.finding("kms_decrypt_everywhere", msg, c.address) if {
	some type in (lib.types & document_types)
	some c in lib.by_type[type]
	decrypts_everything(c.after)
	not decrypts_everything(c.before)
	msg := sprintf("%s allows decryption with every key", [c.address])
}

# METADATA
# title: Federated role for everyone
# description: A role for an identity provider says whose tokens it takes; otherwise everyone at that provider may assume it.
# custom:
#   code: iam_federation_open
#   severity: critical
#   remediation: Add a condition on the token's subject and audience.
deny contains lib.finding("iam_federation_open", msg, c.address) if {
	some c in lib.by_type.aws_iam_role
	some statement in lib.allows(c.after.assume_role_policy)
	statement.Principal.Federated
	not lib.filled(statement, "Condition")
	msg := sprintf("%s takes every token of its identity provider", [c.address])
}

# METADATA
# title: Role trusted by an account that is not known
# description: With trusted_accounts set, only these accounts may assume roles.
# custom:
#   code: iam_foreign_account
#   severity: critical
#   remediation: Have an operator add the account to trusted_accounts.
deny contains lib.finding("iam_foreign_account", msg, c.address) if {
	count(lib.settings.trusted_accounts) > 0
	some c in lib.by_type.aws_iam_role
	some account in (trusted(c.after) - trusted(c.before))
	not account in lib.settings.trusted_accounts
	msg := sprintf("%s may be assumed by account %s", [c.address, account])
}

# METADATA
# title: Weak password policy
# description: Passwords have 14 characters or more, and none of the last 24 again.
# custom:
#   code: iam_password_policy_weak
#   severity: medium
#   remediation: Set minimum_password_length to 14 and password_reuse_prevention to 24.
#   controls: ["CIS-3.0.0:1.8", "CIS-3.0.0:1.9"]
deny contains lib.finding("iam_password_policy_weak", msg, c.address) if {
	some c in lib.by_type.aws_iam_account_password_policy
	some name, least in {"minimum_password_length": 14, "password_reuse_prevention": 24}
	not lib.value(c.after, name, 0) >= least
	not lib.pending(c, name)
	msg := sprintf("%s: %s is below %d", [c.address, name, least])
}

escalating := [
	"iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey",
	"iam:CreatePolicyVersion", "iam:PassRole", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy",
	"iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole",
]

escalations_of(attrs) := escalations(lib.value(attrs, "policy", null))

escalations(policy) := {action |
	some statement in lib.allows(policy)
	lib.every_resource(statement)
	not lib.filled(statement, "Condition")
	not everything(statement)
	some action in escalating
	lib.grants_action(statement, action)
}

# What allows every action is an iam_wildcard already.
everything(statement) if {
	some action in lib.attr(statement, "Action")
	too_much(action, statement)
}

inline_escalations(attrs) := {action |
	some p in lib.attr(attrs, "inline_policy")
	some action in escalations(p.policy)
}

decrypts_everything(attrs) if {
	some statement in lib.allows(attrs.policy)
	lib.every_resource(statement)
	not lib.filled(statement, "Condition")
	some action in ["kms:Decrypt", "kms:ReEncryptFrom"]
	lib.grants_action(statement, action)
}

trusted(attrs) := {account |
	some statement in lib.allows(lib.value(attrs, "assume_role_policy", null))
	some principal in lib.items(statement.Principal.AWS)
	some account in regex.find_n(`[0-9]{12}`, principal, 1)
}
