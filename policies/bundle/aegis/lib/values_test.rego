package aegis.lib_test

import data.aegis.lib

test_items_are_lists if {
	lib.items(["a"]) == ["a"]
	lib.items({"a"}) == ["a"]
	lib.items("a") == ["a"]
	lib.items(null) == []
}

test_attributes_of_whatever_form if {
	attrs := {"list": [1], "one": {"a": 1}, "nothing": null, "rules": [2], "rule": [1]}
	lib.attr(attrs, "list") == [1]
	lib.attr(attrs, "one") == [{"a": 1}]
	lib.attr(attrs, "nothing") == []
	lib.attr(attrs, "absent") == []
	lib.attr(null, "absent") == []
	lib.blocks(attrs, "rule") == [1, 2]
	lib.value(attrs, "absent", "x") == "x"
	lib.value(null, "absent", "x") == "x"
	lib.value({"off": false}, "off", true) == false
}

test_filled if {
	every empty in [null, "", false, "NONE", [], {}] {
		not lib.filled({"x": empty}, "x")
	}
	lib.filled({"x": "y"}, "x")
	not lib.filled(null, "x")
}

test_pending_attributes if {
	lib.pending({"unknown": ["rule.0.cidr"]}, "rule")
	lib.pending({"unknown": ["rule[0].cidr"]}, "rule")
	lib.pending({"unknown": ["rule"]}, "rule")
	not lib.pending({"unknown": ["rules"]}, "rule")
	not lib.pending({"unknown": null}, "rule")
	lib.unset({"after": {}, "unknown": []}, "rule")
	not lib.unset({"after": {}, "unknown": ["rule"]}, "rule")
}

test_numbers if {
	lib.number(1.5) == 1.5
	lib.number("-12") == -12
	not lib.number("twelve")
}

test_names_of_secrets if {
	every name in ["DB_PASSWORD", "api-key", "privateKey", "AccessKey", "token"] {
		lib.secret_name(name)
	}
	not lib.secret_name("log_level")
}

test_money if {
	[lib.usd(5000), lib.usd(0.25), lib.usd(-3.5), lib.usd(2.0)] == ["$5000.00", "$0.25", "$-3.50", "$2.00"]
}
