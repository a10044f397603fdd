package aegis.packs.iam_test

import data.aegis.fixtures.allow
import data.aegis.fixtures.create
import data.aegis.fixtures.denies
import data.aegis.fixtures.document
import data.aegis.fixtures.pending
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

test_users_and_keys if {
	warns("iam_user_created", create("aws_iam_user", {"name": "ada"}))
	not warns("iam_user_created", update("aws_iam_user", {}, {"path": "/x/"}))
	denies("iam_access_key", create("aws_iam_access_key", {"user": "ada"}))
	not denies("iam_access_key", update("aws_iam_access_key", {"status": "Active"}, {"status": "Inactive"}))
	warns("iam_user_policy", create("aws_iam_user_policy", {"policy": allow("s3:GetObject", "*")}))
	not warns("iam_user_policy", create("aws_iam_group_policy", {"policy": allow("s3:GetObject", "*")}))
}

test_roles_have_a_boundary if {
	warns("iam_boundary_missing", create("aws_iam_role", {"name": "r"}))
	not warns("iam_boundary_missing", create("aws_iam_role", {"permissions_boundary": "arn:b"}))
	not warns("iam_boundary_missing", pending(create("aws_iam_role", {}), ["permissions_boundary"]))
	not warns("iam_boundary_missing", create("aws_iam_role", {"path": "/aws-service-role/x/"}))
}

test_ways_to_more_are_denied if {
	denies("iam_escalation", policy(allow("iam:PassRole", "*")))
	denies("iam_escalation", policy(allow(["s3:GetObject", "iam:Put*"], "*")))
	denies("iam_escalation", policy(allow("IAM:passrole", "*")))
	denies("iam_escalation", create("aws_iam_role", {"inline_policy": [{"policy": allow("sts:AssumeRole", "*")}]}))
	not denies("iam_escalation", policy(allow("iam:PassRole", "arn:aws:iam::1:role/aegis-*")))
	not denies("iam_escalation", policy(allow("s3:*Object", "*")))
	not denies("iam_escalation", policy(document({
		"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
		"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
	})))
	not denies("iam_escalation", update("aws_iam_policy", {"policy": allow("iam:PassRole", "*")}, {"policy": allow("iam:PassRole", "*")}))
}

test_keys_are_named if {
	warns("kms_decrypt_everywhere", policy(allow("kms:Decrypt", "*")))
	not warns("kms_decrypt_everywhere", policy(allow("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/k")))
}

federated(statement) := trust(object.union({"Effect": "Allow", "Principal": {"Federated": "arn:oidc"}}, statement))

test_federation_has_conditions if {
	denies("iam_federation_open", federated({}))
	not denies("iam_federation_open", federated({"Condition": {"StringEquals": {"oidc:sub": "system:serviceaccount:a:b"}}}))
}

test_accounts_are_known if {
	foreign := trust({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}})
	not denies("iam_foreign_account", foreign)
	denies("iam_foreign_account", foreign) with data.aegis.settings.trusted_accounts as ["123456789012"]
	not denies("iam_foreign_account", foreign) with data.aegis.settings.trusted_accounts as ["999999999999"]
}

test_passwords if {
	strong := {"minimum_password_length": 14, "password_reuse_prevention": 24}
	not denies("iam_password_policy_weak", create("aws_iam_account_password_policy", strong))
	denies("iam_password_policy_weak", create("aws_iam_account_password_policy", object.union(strong, {"minimum_password_length": 8})))
	denies("iam_password_policy_weak", create("aws_iam_account_password_policy", {"minimum_password_length": 20}))
}
