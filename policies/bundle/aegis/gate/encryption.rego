package aegis.gate

# METADATA
# title: Encryption removed
# description: What is encrypted stays encrypted.
# custom:
#   code: encryption_removed
#   severity: critical
#   remediation: Keep the encryption settings as they are.
deny contains finding("encryption_removed", msg, c.address) if {
	some c in present
	some name in settings.encryption[c.type]
	filled(c.before, name)
	not filled(c.after, name)
	not name in c.unknown
	msg := sprintf("%s loses %s", [c.address, name])
}

deny contains finding("encryption_removed", msg, c.address) if {
	some c in changes
	c.action == "delete"
	c.type == "aws_s3_bucket_server_side_encryption_configuration"
	not bucket_removed(c.stack_id, c.before)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

# METADATA
# title: Stored without encryption
# description: What holds data is created encrypted.
# custom:
#   code: unencrypted
#   severity: high
#   remediation: Give it a key of the security layer.
warn contains finding("unencrypted", msg, c.address) if {
	some c in present
	c.action == "create"
	names := settings.encryption[c.type]
	every name in names {
		not filled(c.after, name)
		not name in c.unknown
	}
	msg := sprintf("%s is created without encryption", [c.address])
}

# METADATA
# title: Secret parameter made plain
# description: An SSM parameter that is a SecureString stays one.
# custom:
#   code: secret_made_plain
#   severity: critical
#   remediation: Keep the parameter's type SecureString.
deny contains finding("secret_made_plain", msg, c.address) if {
	some c in present
	c.type == "aws_ssm_parameter"
	c.before.type == "SecureString"
	c.after.type != "SecureString"
	msg := sprintf("%s would be stored as %s", [c.address, c.after.type])
}

# METADATA
# title: KMS key easier to lose
# description: A key keeps rotating, and a deletion leaves time to notice.
# custom:
#   code: kms_key_weakened
#   severity: high
#   remediation: Keep rotation on and the deletion window long.
deny contains finding("kms_key_weakened", msg, c.address) if {
	some c in present
	c.type == "aws_kms_key"
	window := number(c.after.deletion_window_in_days)
	window < settings.min_kms_deletion_window_days
	msg := sprintf("%s: a deletion window of %d days is shorter than %d", [
		c.address, window, settings.min_kms_deletion_window_days,
	])
}

deny contains finding("kms_key_weakened", msg, c.address) if {
	some c in present
	c.type == "aws_kms_key"
	c.before.enable_key_rotation == true
	not filled(c.after, "enable_key_rotation")
	msg := sprintf("%s would no longer be rotated", [c.address])
}
