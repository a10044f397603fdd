package aegis.packs.encryption_test

import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

test_encryption_stays if {
	sealed := {"encryption_type": "KMS", "kms_key_id": "k"}
	denied(diff([update("aws_kinesis_stream", sealed, {"encryption_type": "NONE", "kms_key_id": "k"})])) == {"encryption_removed"}
	denied(diff([update("aws_kinesis_stream", sealed, object.union(sealed, {"kms_key_id": "other"}))])) == set()
	denied(diff([update("aws_cloudwatch_log_group", {"kms_key_id": "k"}, {})])) == {"encryption_removed"}
	unknown := object.union(update("aws_cloudwatch_log_group", {"kms_key_id": "k"}, {}), {"unknown": ["kms_key_id"]})
	denied(diff([unknown])) == set()
	denied(diff([update("aws_ebs_volume", {"encrypted": true}, {"encrypted": false})])) == {"encryption_removed"}
}

test_bucket_encryption_stays_with_its_bucket if {
	c := delete("aws_s3_bucket_server_side_encryption_configuration", {"bucket": "b"})
	denied(diff([c])) == {"encryption_removed"}
	denied(given({"diff": [c, delete("aws_s3_bucket", {"bucket": "b"})], "source": "rollback"})) == set()
}

test_unencrypted_creation_is_a_warning if {
	warned(diff([create("aws_kinesis_stream", {"encryption_type": "NONE"})])) == {"unencrypted"}
	warned(diff([create("aws_kinesis_stream", {"encryption_type": "KMS", "kms_key_id": "k"})])) == set()
	warned(diff([object.union(create("aws_cloudwatch_log_group", {}), {"unknown": ["kms_key_id"]})])) == set()
	warned(diff([create("aws_subnet", {})])) == set()
}

test_secrets_stay_secret if {
	denied(diff([update("aws_ssm_parameter", {"type": "SecureString"}, {"type": "String"})])) == {"secret_made_plain"}
	denied(diff([update("aws_ssm_parameter", {"type": "String"}, {"type": "String"})])) == set()
}

test_keys_stay_strong if {
	strong := {"deletion_window_in_days": 30, "enable_key_rotation": true}
	denied(diff([create("aws_kms_key", strong)])) == set()
	denied(diff([update("aws_kms_key", strong, object.union(strong, {"enable_key_rotation": false}))])) == {"kms_key_weakened"}
	short := object.union(strong, {"deletion_window_in_days": 7})
	denied(diff([update("aws_kms_key", strong, short)])) == set()
	denied(diff([create("aws_kms_key", short)])) == {"kms_key_weakened"} with data.aegis.settings.min_kms_deletion_window_days as 14
}
