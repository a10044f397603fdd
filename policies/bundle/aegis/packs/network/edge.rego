package aegis.packs.network

import data.aegis.lib

# METADATA
# title: Listener without TLS
# description: A load balancer answers plain HTTP with a redirect to HTTPS, and nothing else.
# custom:
#   code: listener_plaintext
#   severity: high
#   remediation: Use HTTPS, or make the default action a redirect.
#   controls: ["FSBP:ELB.1"]
warn contains lib.finding("listener_plaintext", msg, c.address) if {
	some type in (lib.types & {"aws_alb_listener", "aws_lb_listener"})
	some c in lib.by_type[type]
	plaintext(c.after)
	not plaintext(c.before)
	msg := sprintf("%s serves without TLS", [c.address])
}

# METADATA
# title: TLS too old
# description: Versions of TLS before 1.2 are not offered.
# custom:
#   code: tls_too_old
#   severity: high
#   remediation: Choose a policy that asks for TLS 1.2 or newer.
deny contains lib.finding("tls_too_old", msg, c.address) if {
	some type in (lib.types & tls_types)
	some c in lib.by_type[type]
	some old in (old_tls(c.type, c.after) - old_tls(c.type, c.before))
	msg := sprintf("%s offers %s", [c.address, old])
}

# METADATA
# title: Distribution without TLS
# description: Viewers are redirected to HTTPS, or use nothing else.
# custom:
#   code: distribution_plaintext
#   severity: high
#   remediation: Set viewer_protocol_policy to redirect-to-https.
#   controls: ["FSBP:CloudFront.3"]
deny contains lib.finding("distribution_plaintext", msg, c.address) if {
	some c in lib.by_type.aws_cloudfront_distribution
	allows_plaintext(c.after)
	not allows_plaintext(c.before)
	msg := sprintf("%s serves without TLS", [c.address])
}

# METADATA
# title: Web firewall taken off
# description: What a web ACL protects stays protected.
# custom:
#   code: web_firewall_removed
#   severity: high
#   remediation: Change the rules of the web ACL, or count instead of blocking.
#   controls: ["FSBP:CloudFront.6"]
deny contains lib.finding("web_firewall_removed", msg, c.address) if {
	some c in lib.removed_by_type.aws_wafv2_web_acl_association
	input.source != "rollback"
	c.action == "delete"
	not balancer_removed(c)
	not lib.goes_with_stack(c)
	msg := sprintf("%s would be removed while what it protects stays", [c.address])
}

deny contains lib.finding("web_firewall_removed", msg, c.address) if {
	some c in lib.by_type.aws_cloudfront_distribution
	lib.filled(c.before, "web_acl_id")
	lib.unset(c, "web_acl_id")
	msg := sprintf("%s loses its web ACL", [c.address])
}

# METADATA
# title: Balancer passes malformed headers on
# description: Headers that are not valid are dropped, lest they smuggle requests.
# custom:
#   code: invalid_headers_passed
#   severity: medium
#   remediation: Turn drop_invalid_header_fields on.
#   controls: ["FSBP:ELB.4"]
warn contains lib.finding("invalid_headers_passed", msg, c.address) if {
	some type in (lib.types & {"aws_alb", "aws_lb"})
	some c in lib.by_type[type]
	lib.value(c.after, "load_balancer_type", "application") == "application"
	not lib.on(c.after, "drop_invalid_header_fields")
	drops_until_now(c)
	msg := sprintf("%s passes malformed headers on", [c.address])
}

drops_until_now(c) if c.action == "create"

drops_until_now(c) if c.before.drop_invalid_header_fields in lib.yes

plaintext(attrs) if {
	attrs.protocol == "HTTP"
	some action in lib.blocks(attrs, "default_action")
	action.type != "redirect"
}

tls_types := {"aws_alb_listener", "aws_api_gateway_domain_name", "aws_cloudfront_distribution", "aws_lb_listener", "aws_opensearch_domain"}

default old_tls(_, _) := set()

old_tls(type, attrs) := {p | some p in lib.attr(attrs, "ssl_policy"); regex.match(`(2015-05|2016-08|TLS-1-0|TLS-1-1|TLS13-1-[01])`, p)} if {
	type in {"aws_alb_listener", "aws_lb_listener"}
}

old_tls("aws_api_gateway_domain_name", attrs) := {p | some p in lib.attr(attrs, "security_policy"); p == "TLS_1_0"}

old_tls("aws_cloudfront_distribution", attrs) := {p |
	some cert in lib.attr(attrs, "viewer_certificate")
	p := cert.minimum_protocol_version
	p in {"SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"}
	not lib.on(cert, "cloudfront_default_certificate")
}

old_tls("aws_opensearch_domain", attrs) := {p |
	some options in lib.attr(attrs, "domain_endpoint_options")
	p := options.tls_security_policy
	p == "Policy-Min-TLS-1-0-2019-07"
}

allows_plaintext(attrs) if {
	some name in ["default_cache_behavior", "ordered_cache_behavior"]
	some behaviour in lib.blocks(attrs, name)
	behaviour.viewer_protocol_policy == "allow-all"
}

balancer_removed(association) if {
	some type in (lib.removed_types & {"aws_alb", "aws_api_gateway_stage", "aws_lb"})
	some c in lib.removed_by_type[type]
	c.action == "delete"
	c.before.arn == association.before.resource_arn
}
