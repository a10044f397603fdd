package aegis.packs.encryption_test

import data.aegis.fixtures.by
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

runs(variables) := create("aws_lambda_function", {"environment": [{"variables": variables}]})

builds(variable) := create("aws_codebuild_project", {"environment": [{"environment_variable": [variable]}]})

test_environments_hold_no_secrets if {
	denies("secret_in_environment", runs({"DB_PASSWORD": "hunter2"}))
	denies("secret_in_environment", runs({"API_KEY": "[secret]"}))
	not denies("secret_in_environment", runs({"DB_PASSWORD_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:x"}))
	not denies("secret_in_environment", runs({"LOG_LEVEL": "info"}))
	denies("secret_in_environment", builds({"name": "TOKEN", "value": "hunter2"}))
	not denies("secret_in_environment", builds({"name": "TOKEN", "value": "x", "type": "SECRETS_MANAGER"}))
}

test_rotation_stays if {
	rotation := delete("aws_secretsmanager_secret_rotation", {"secret_id": "db"})
	denies("secret_rotation_removed", rotation)
	denied(by("rollback", [rotation])) == set()
	not "secret_rotation_removed" in denied(diff([rotation, delete("aws_secretsmanager_secret", {"name": "db"})]))
}

test_keys_stay_enabled if {
	disabled := update("aws_kms_key", {"is_enabled": true}, {"is_enabled": false})
	denies("kms_key_disabled", disabled)
	not "kms_key_disabled" in denied(by("containment", [disabled]))
	not denies("kms_key_disabled", update("aws_kms_key", {"is_enabled": false}, {"is_enabled": true}))
}

test_volumes_are_encrypted if {
	denies("ebs_default_encryption_off", create("aws_ebs_encryption_by_default", {"enabled": false}))
	not denies("ebs_default_encryption_off", create("aws_ebs_encryption_by_default", {"enabled": true}))
	sealed := [{"ebs": {"encrypted": "true"}}]
	warns("instance_volume_unencrypted", create("aws_launch_template", {"block_device_mappings": [{"ebs": {"volume_size": 8}}]}))
	not warns("instance_volume_unencrypted", create("aws_launch_template", {"block_device_mappings": sealed}))
	warns("instance_volume_unencrypted", create("aws_instance", {"root_block_device": [{"volume_size": 8}]}))
	not warns("instance_volume_unencrypted", create("aws_instance", {"root_block_device": [{"encrypted": true}]}))
}

test_kubernetes_encrypts_secrets if {
	warns("kubernetes_secrets_unencrypted", create("aws_eks_cluster", {}))
	not warns("kubernetes_secrets_unencrypted", create("aws_eks_cluster", {"encryption_config": [{"resources": ["secrets"]}]}))
}
