package aegis.packs.iam_test

import data.aegis.fixtures.allow
import data.aegis.fixtures.create
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.document
import data.aegis.fixtures.envelope
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

policy(text) := create("aws_iam_policy", {"name": "p", "policy": text})

test_wildcards_are_denied if {
	every c in [
		policy(allow("*", "*")),
		policy(allow(["s3:GetObject", "*"], "arn:aws:s3:::bucket")),
		policy(allow("*:*", ["*"])),
		policy(allow("s3:*", "*")),
		policy(allow(["ec2:*"], ["arn:aws:ec2:*:*:*"])),
		policy(document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
		policy(document({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret"})),
		policy(json.marshal({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})),
		create("aws_iam_role_policy", {"policy": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}),
		create("aws_iam_user_policy", {"policy": allow("*", "*")}),
		create("aws_iam_role", {"inline_policy": [{"name": "x", "policy": allow("*", "*")}]}),
		create("aws_iam_role", {"managed_policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
		create("aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
		create("aws_iam_user_policy_attachment", {"policy_arn": "arn:aws-cn:iam::aws:policy/IAMFullAccess"}),
		update("aws_iam_policy", {"policy": allow("s3:GetObject", "*")}, {"policy": allow("s3:*", "*")}),
	] {
		denied(diff([c])) == {"iam_wildcard"}
		denied(given({"diff": [c], "source": "bootstrap"})) == {"iam_wildcard"}
	}
}

test_named_actions_and_resources_are_allowed if {
	every c in [
		policy(allow("s3:GetObject", "*")),
		policy(allow("s3:*", "arn:aws:s3:::aegis-dev-*")),
		policy(allow("ec2:Describe*", "*")),
		policy(document({"Effect": "Deny", "Action": "*", "Resource": "*"})),
		policy("not json"),
		policy("[]"),
		policy(document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b/*"]})),
		create("aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
		create("aws_iam_role", {"name": "r", "assume_role_policy": document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})}),
		update("aws_iam_policy", {"policy": allow("*", "*")}, {"policy": allow("*", "*"), "description": "same"}),
	] {
		denied(diff([c])) == set()
	}
}

test_taking_a_wildcard_away_turns_automatic_rollback_off if {
	wide := {"policy": allow("*", "*")}
	narrow := {"policy": allow("s3:GetObject", "*")}
	doc := given({"diff": [update("aws_iam_policy", wide, narrow)], "inverse": [update("aws_iam_policy", narrow, wide)]})
	denied(doc) == set()
	warned(doc) == {"inverse_iam_wildcard"}
	envelope(doc).rollback_policy.automatic == false
}

trust(statement) := create("aws_iam_role", {"name": "r", "assume_role_policy": document(object.union({"Action": "sts:AssumeRole"}, statement))})

test_trust_in_everyone_is_denied if {
	denied(diff([trust({"Effect": "Allow", "Principal": "*"})])) == {"iam_trust_wildcard"}
	denied(diff([trust({"Effect": "Allow", "Principal": {"AWS": ["*"]}})])) == {"iam_trust_wildcard"}
	denied(diff([trust({"Effect": "Allow", "Principal": {"AWS": "*"}, "Condition": null})])) == {"iam_trust_wildcard"}
	denied(diff([trust({"Effect": "Deny", "Principal": "*"})])) == set()
	denied(diff([trust({"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}})])) == set()
}

test_boundary_stays if {
	with_boundary := {"name": "r", "permissions_boundary": "arn:aws:iam::1:policy/b"}
	denied(diff([update("aws_iam_role", with_boundary, {"name": "r"})])) == {"iam_boundary_removed"}
	denied(diff([update("aws_iam_role", with_boundary, object.union(with_boundary, {"permissions_boundary": "arn:aws:iam::1:policy/c"}))])) == set()
	unknown := object.union(update("aws_iam_role", with_boundary, {"name": "r"}), {"unknown": ["permissions_boundary"]})
	denied(diff([unknown])) == set()
}

test_unknown_policy_is_denied_to_goals_only if {
	c := object.union(create("aws_iam_role_policy", {"name": "x"}), {"unknown": ["policy", "role"]})
	denied(diff([c])) == {"iam_policy_unknown"}
	denied(given({"diff": [c], "source": "drift"})) == set()
	denied(diff([object.union(c, {"unknown": ["role"]})])) == set()
}
