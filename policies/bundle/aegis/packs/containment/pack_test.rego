package aegis.packs.containment_test

import data.aegis.fixtures.allow
import data.aegis.fixtures.by
import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.diff
import data.aegis.fixtures.document
import data.aegis.fixtures.given
import data.aegis.fixtures.required
import data.aegis.fixtures.update
import data.aegis.fixtures.warned

contained(changes) := denied(by("containment", changes))

group(ingress) := {"name": "g", "ingress": ingress}

test_containment_takes_away if {
	contained([delete("aws_vpc_security_group_ingress_rule", {})]) == set()
	contained([update("aws_security_group", group(["a", "b"]), group(["a"]))]) == set()
	contained([update("aws_iam_policy", {"policy": allow("s3:*", "arn:aws:s3:::b")}, {"policy": document({"Effect": "Deny", "Action": "*", "Resource": "*"})})]) == set()
	contained([update("aws_iam_access_key", {"status": "Active"}, {"status": "Inactive"})]) == set()
}

test_containment_grants_nothing if {
	"containment_grants" in contained([create("aws_vpc_security_group_ingress_rule", {})])
	"containment_grants" in contained([update("aws_security_group", group(["a"]), group(["a", "b"]))])
	"containment_grants" in contained([create("aws_iam_policy", {"policy": allow("s3:GetObject", "*")})])
	"containment_grants" in contained([create("aws_iam_user", {})])
	denied(diff([create("aws_vpc_security_group_ingress_rule", {})])) == set()
}

test_containment_is_narrow if {
	contained([update("aws_autoscaling_group", {}, {})]) == {"containment_type"}
	rules := [object.union(delete("aws_security_group_rule", {}), {"address": sprintf("r%d", [i])}) | some i in numbers.range(1, 26)]
	"containment_too_wide" in contained(rules)
}

test_containment_goes_before_other_packs if {
	rule := delete("aws_vpc_security_group_ingress_rule", {})
	doc := given({"diff": [rule], "source": "containment", "change_set": {"cost_delta_usd_month": 50000}})
	denied(doc) == set()
	warned(doc) & {"break_glass_used", "cost_step"} == {"break_glass_used", "cost_step"}
	required(doc) == {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}
	"containment_type" in contained([delete("aws_s3_bucket", {})])
	"stateful_delete" in contained([delete("aws_s3_bucket", {})])
}
