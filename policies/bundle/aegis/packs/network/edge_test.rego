package aegis.packs.network_test

import data.aegis.fixtures.create
import data.aegis.fixtures.delete
import data.aegis.fixtures.denied
import data.aegis.fixtures.denies
import data.aegis.fixtures.diff
import data.aegis.fixtures.given
import data.aegis.fixtures.update
import data.aegis.fixtures.warns

forwards(protocol) := {"protocol": protocol, "default_action": [{"type": "forward"}]}

test_listeners_speak_tls if {
	warns("listener_plaintext", create("aws_lb_listener", forwards("HTTP")))
	warns("listener_plaintext", create("aws_lb_listener", {"protocol": "HTTP", "default_actions": [{"type": "forward"}]}))
	not warns("listener_plaintext", create("aws_lb_listener", forwards("HTTPS")))
	not warns("listener_plaintext", create("aws_lb_listener", {"protocol": "HTTP", "default_action": {"type": "redirect"}}))
	not warns("listener_plaintext", update("aws_lb_listener", forwards("HTTP"), forwards("HTTP")))
}

test_tls_is_new_enough if {
	denies("tls_too_old", create("aws_lb_listener", {"ssl_policy": "ELBSecurityPolicy-2016-08"}))
	denies("tls_too_old", create("aws_lb_listener", {"ssl_policy": "ELBSecurityPolicy-TLS13-1-0-2021-06"}))
	not denies("tls_too_old", create("aws_lb_listener", {"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}))
	not denies("tls_too_old", create("aws_lb_listener", {"ssl_policy": "ELBSecurityPolicy-FS-1-2-Res-2020-10"}))
	denies("tls_too_old", create("aws_api_gateway_domain_name", {"security_policy": "TLS_1_0"}))
	denies("tls_too_old", create("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.1_2016"}]}))
	not denies("tls_too_old", create("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.2_2021"}]}))
	denies("tls_too_old", create("aws_opensearch_domain", {"domain_endpoint_options": [{"tls_security_policy": "Policy-Min-TLS-1-0-2019-07"}]}))
}

test_distributions_speak_tls if {
	open := {"default_cache_behavior": [{"viewer_protocol_policy": "allow-all"}]}
	denies("distribution_plaintext", create("aws_cloudfront_distribution", open))
	denies("distribution_plaintext", create("aws_cloudfront_distribution", {"ordered_cache_behaviors": open.default_cache_behavior}))
	not denies("distribution_plaintext", update("aws_cloudfront_distribution", open, open))
}

test_web_firewalls_stay if {
	association := delete("aws_wafv2_web_acl_association", {"resource_arn": "arn:lb"})
	denies("web_firewall_removed", association)
	denied(diff([association, delete("aws_lb", {"arn": "arn:lb"})])) == set()
	denies("web_firewall_removed", update("aws_cloudfront_distribution", {"web_acl_id": "arn:acl"}, {}))
	not denies("web_firewall_removed", update("aws_cloudfront_distribution", {}, {}))
}

test_web_firewalls_go_with_a_stack_that_may_go if {
	stack := "dev.runtime.eu-west-1"
	association := object.union(delete("aws_wafv2_web_acl_association", {"resource_arn": "arn:lb"}), {"stack_id": stack})
	gone := {
		"diff": [association], "source": "operator", "change_set": {"patches": [{"stack_id": stack, "destroy": true}]},
		"specs": {stack: {"parameters": {"deletable": true}}},
	}
	denied(given(gone)) == set()
	denied(given(object.union(gone, {"source": "goal"}))) == {"stack_destroy", "web_firewall_removed"}
}

test_headers_are_checked if {
	warns("invalid_headers_passed", create("aws_lb", {}))
	warns("invalid_headers_passed", update("aws_lb", {"drop_invalid_header_fields": true}, {"drop_invalid_header_fields": false}))
	not warns("invalid_headers_passed", create("aws_lb", {"drop_invalid_header_fields": true}))
	not warns("invalid_headers_passed", create("aws_lb", {"load_balancer_type": "network"}))
}
