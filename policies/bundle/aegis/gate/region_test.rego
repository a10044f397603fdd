package aegis.gate_test

test_other_regions_are_denied if {
	c := object.union(create("aws_vpc", {}), {"region": "ap-south-1"})
	denied(diff([c])) == {"region_not_allowed"}
	denied(given({"inverse": [c]})) == {"region_not_allowed"}
	denied(given({"change_set": {"target": {"regions": ["ap-south-1"]}}})) == {"region_not_allowed"}
}

test_global_services_have_no_region if {
	every region in ["", "global", "aws-global", "us-east-1"] {
		denied(diff([object.union(create("aws_iam_policy", {}), {"region": region})])) == set()
	}
}

test_no_region_is_allowed_when_none_is_configured if {
	denied(object.union(diff([create("aws_vpc", {})]), {"regions": []})) == {"region_not_allowed"}
}
