# METADATA
# title: Encryption
# description: Data is encrypted at rest and on its way, and secrets stay secret.
# schemas:
#   - input: schema.gate.input
package aegis.packs.encryption

import data.aegis.lib

# METADATA
# title: Encryption removed
# description: What is encrypted stays encrypted.
# custom:
#   code: encryption_removed
#   severity: critical
#   remediation: Keep the encryption settings as they are.
deny contains lib.finding("encryption_removed", msg, c.address) if {
	some type, names in object.filter(lib.settings.encryption, lib.types)
	some c in lib.by_type[type]
	some name in names
	lib.filled(c.before, name)
	not lib.filled(c.after, name)
	not lib.pending(c, name)
	msg := sprintf("%s loses %s", [c.address, name])
}

deny contains lib.finding("encryption_removed", msg, c.address) if {
	some c in lib.removed_by_type.aws_s3_bucket_server_side_encryption_configuration
	c.action == "delete"
	not lib.goes_with_bucket(c)
	msg := sprintf("%s would be removed while its bucket stays", [c.address])
}

# METADATA
# title: Stored without encryption
# description: What holds data is created encrypted.
# custom:
#   code: unencrypted
#   severity: high
#   remediation: Give it a key of the security layer.
warn contains lib.finding("unencrypted", msg, c.address) if {
	some type, names in object.filter(lib.settings.encryption, lib.types)
	some c in lib.by_type[type]
	c.action == "create"
	every name in names {
		not lib.filled(c.after, name)
		not lib.pending(c, name)
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
deny contains lib.finding("secret_made_plain", msg, c.address) if {
	some c in lib.by_type.aws_ssm_parameter
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
deny contains lib.finding("kms_key_weakened", msg, c.address) if {
	some c in lib.by_type.aws_kms_key
	window := lib.number(c.after.deletion_window_in_days)
	window < lib.settings.min_kms_deletion_window_days
	msg := sprintf("%s: a deletion window of %d days is shorter than %d", [
		c.address, window, lib.settings.min_kms_deletion_window_days,
	])
}

deny contains lib.finding("kms_key_weakened", msg, c.address) if {
	some c in lib.by_type.aws_kms_key
	c.before.enable_key_rotation == true
	not lib.filled(c.after, "enable_key_rotation")
	msg := sprintf("%s would no longer be rotated", [c.address])
}
