package aegis.packs.network_test

import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.document
import data.aegis.fixtures.given
import data.aegis.fixtures.update

closed := {
	"bucket": "b", "block_public_acls": true, "block_public_policy": true,
	"ignore_public_acls": true, "restrict_public_buckets": true,
}

access := "aws_s3_bucket_public_access_block"

test_public_access_block_stays_whole if {
	denied(diff([create(access, closed)])) == set()
	denied(diff([create(access, object.union(closed, {"block_public_acls": false}))])) == {"public_access_unblocked"}
	denied(diff([update(access, closed, object.remove(closed, ["block_public_policy"]))])) == {"public_access_unblocked"}
	denied(diff([delete(access, closed)])) == {"public_access_unblocked"}
	gone := given({"diff": [delete(access, closed), delete("aws_s3_bucket", {"bucket": "b"})], "source": "rollback"})
	denied(gone) == set()
}

test_public_policies_are_denied if {
	everyone := document({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"})
	no_plain := document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})
	denied(diff([create("aws_s3_bucket_policy", {"policy": everyone})])) == {"public_bucket_policy"}
	denied(diff([create("aws_s3_bucket_policy", {"policy": no_plain})])) == set()
	denied(diff([create("aws_s3_bucket_acl", {"acl": "public-read"})])) == {"public_bucket_policy"}
	denied(diff([create("aws_s3_bucket_acl", {"acl": "private"})])) == set()
}
