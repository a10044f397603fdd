package aegis.packs.logging_test

import data.aegis.fixtures.create
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.update

kept(days) := {"retention_in_days": days}

test_log_retention if {
	denied(diff([update("aws_cloudwatch_log_group", kept(30), kept(3))])) == {"log_retention_too_short"}
	denied(diff([update("aws_cloudwatch_log_group", kept(30), kept(7))])) == set()
	denied(diff([update("aws_cloudwatch_log_group", kept(30), kept(0))])) == set()
	denied(diff([update("aws_cloudwatch_log_group", kept(3), kept(3))])) == set()
	denied(diff([create("aws_cloudwatch_log_group", object.union(kept(1), {"kms_key_id": "k"}))])) == {"log_retention_too_short"}
}
