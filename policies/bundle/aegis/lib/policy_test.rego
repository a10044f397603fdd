package aegis.lib_test

import data.aegis.fixtures.allow
import data.aegis.fixtures.document
import data.aegis.lib

test_statements_of_whatever_form if {
	count(lib.statements(allow("s3:GetObject", "*"))) == 1
	count(lib.statements({"Statement": {"Effect": "Allow"}})) == 1
	lib.statements("not json") == []
	lib.statements("[]") == []
	lib.statements(null) == []
	count(lib.allows(document({"Effect": "Deny"}))) == 0
}

test_anyone if {
	lib.anyone({"Effect": "Allow", "Principal": "*"})
	lib.anyone({"Effect": "Allow", "Principal": {"AWS": ["*"]}})
	not lib.anyone({"Effect": "Allow", "Principal": "*", "Condition": {"Bool": {}}})
	not lib.anyone({"Effect": "Deny", "Principal": "*"})
}

test_every_resource if {
	lib.every_resource({"Resource": "*"})
	lib.every_resource({"Resource": ["arn:aws:s3:::a", "arn:aws:ec2:*:*:*"]})
	lib.every_resource({"NotResource": "arn:aws:s3:::a"})
	not lib.every_resource({"Resource": "arn:aws:s3:::a"})
}

test_actions_with_wildcards if {
	lib.grants_action({"Action": "iam:PassRole"}, "iam:PassRole")
	lib.grants_action({"Action": ["IAM:Pass*"]}, "iam:PassRole")
	lib.grants_action({"Action": "iam:PassRol?"}, "iam:PassRole")
	not lib.grants_action({"Action": "iam:Get*"}, "iam:PassRole")
	not lib.grants_action({"Action": "iam:PassRole[*"}, "iam:PassRole")
	not lib.grants_action({"Action": 7}, "iam:PassRole")
}
