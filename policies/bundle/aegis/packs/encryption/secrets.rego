package aegis.packs.encryption

import data.aegis.lib

# METADATA
# title: Secret in an environment variable
# description: |
#   Who may look at a function or a build project sees its environment. A
#   variable that is named like a secret refers to one, and does not hold it.
# custom:
#   code: secret_in_environment
#   severity: high
#   remediation: Keep the secret in Secrets Manager, and give its ARN.
#   controls: ["FSBP:CodeBuild.2"]
deny contains lib.finding("secret_in_environment", msg, c.address) if {
	some type in (lib.types & {"aws_codebuild_project", "aws_lambda_function"})
	some c in lib.by_type[type]
	some name in (plain_secrets(c.after) - plain_secrets(c.before))
	msg := sprintf("%s holds %s in its environment", [c.address, name])
}

# METADATA
# title: Secret without rotation
# description: A secret that is never changed is known to ever more people.
# custom:
#   code: secret_rotation_removed
#   severity: medium
#   remediation: Keep the rotation.
#   controls: ["FSBP:SecretsManager.1"]
deny contains lib.finding("secret_rotation_removed", msg, c.address) if {
	input.source != "rollback"
	some c in lib.removed_by_type.aws_secretsmanager_secret_rotation
	c.action == "delete"
	not lib.value(c.before, "secret_id", "") in deleted_secrets
	msg := sprintf("%s would be removed while its secret stays", [c.address])
}

# METADATA
# title: Key disabled
# description: What is encrypted with a disabled key can't be read.
# custom:
#   code: kms_key_disabled
#   severity: critical
#   remediation: Leave is_enabled true.
deny contains lib.finding("kms_key_disabled", msg, c.address) if {
	not input.source in {"containment", "rollback"}
	some type in (lib.types & {"aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key"})
	some c in lib.by_type[type]
	some name in ["is_enabled", "enabled"]
	lib.changed_to(c, name, false)
	msg := sprintf("%s would be disabled", [c.address])
}

# METADATA
# title: Volumes no longer encrypted by default
# description: A region encrypts every new volume.
# custom:
#   code: ebs_default_encryption_off
#   severity: high
#   remediation: Leave encryption by default on.
#   controls: ["FSBP:EC2.7", "CIS-3.0.0:2.2.1"]
deny contains lib.finding("ebs_default_encryption_off", msg, c.address) if {
	some c in lib.by_type.aws_ebs_encryption_by_default
	lib.changed_to(c, "enabled", false)
	msg := sprintf("%s turns encryption by default off", [c.address])
}

# METADATA
# title: Volume of an instance without encryption
# description: Disks that come with an instance are encrypted.
# custom:
#   code: instance_volume_unencrypted
#   severity: high
#   remediation: Set encrypted on every block device.
#   controls: ["FSBP:EC2.3"]
warn contains lib.finding("instance_volume_unencrypted", msg, c.address) if {
	some type in (lib.types & {"aws_instance", "aws_launch_configuration", "aws_launch_template"})
	some c in lib.by_type[type]
	plain_volumes(c.after) > plain_volumes(c.before)
	msg := sprintf("%s has a volume without encryption", [c.address])
}

# METADATA
# title: Secrets of Kubernetes not encrypted
# description: A cluster encrypts its secrets with a key of its own.
# custom:
#   code: kubernetes_secrets_unencrypted
#   severity: medium
#   remediation: Give the cluster an encryption_config for secrets.
#   controls: ["FSBP:EKS.3"]
warn contains lib.finding("kubernetes_secrets_unencrypted", msg, c.address) if {
	some c in lib.by_type.aws_eks_cluster
	c.action == "create"
	lib.unset(c, "encryption_config")
	msg := sprintf("%s does not encrypt its secrets", [c.address])
}

plain_secrets(attrs) := {name |
	some env in lib.attr(attrs, "environment")
	some name, text in env.variables
	lib.secret_name(name)
	holds_secret(text)
} | {v.name |
	some env in lib.attr(attrs, "environment")
	some v in lib.blocks(env, "environment_variable")
	object.get(v, "type", "PLAINTEXT") == "PLAINTEXT"
	lib.secret_name(v.name)
	holds_secret(v.value)
}

# A reference, such as an ARN or a path, is not the secret.
holds_secret(text) if not regex.match(`^(arn:|/|\{\{|$)`, text)

deleted_secrets := {id |
	some c in lib.removed_by_type.aws_secretsmanager_secret
	some name in ["arn", "id", "name"]
	id := c.before[name]
}

plain_volumes(attrs) := count([v |
	some name in ["root_block_device", "ebs_block_device"]
	some v in lib.blocks(attrs, name)
	not lib.on(v, "encrypted")
]) + count([v |
	some device in lib.attr(attrs, "block_device_mappings")
	some v in lib.attr(device, "ebs")
	not lib.on(v, "encrypted")
])
