package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// guardIntents are about web ACLs.
func guardIntents() []intent { return []intent{securityWebACL(), securityRateLimit()} }

// webACL are the rules that a new web ACL has.
func webACL() *aegis.WebACLSpec {
	return &aegis.WebACLSpec{ManagedRules: []string{
		"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet",
	}}
}

func securityWebACL() intent {
	return intent{
		Intent: Intent{
			Name: "security.web_acl", Layer: aegis.LayerSecurity,
			Summary:  "Make a web ACL of AWS's rules against bad addresses, common attacks and bad inputs.",
			Examples: []string{"add a web acl", "enable the waf in eu-west-1"},
		},
		phrasings: []string{"enable|activate|turn_on|switch_on|use|@add web|waf acl|firewall", "enable|activate|turn_on|switch_on|use|@add waf"},
		read: func(args) (edit, error) {
			return edit{summary: "make a web ACL", apply: assign(func(s *aegis.SecuritySpec) {
				if s.WebACL == nil {
					s.WebACL = webACL()
				}
			})}, nil
		},
	}
}

func securityRateLimit() intent {
	return intent{
		Intent: Intent{
			Name: "security.rate_limit", Layer: aegis.LayerSecurity,
			Summary:  "Have the web ACL, which is made where there is none, block addresses that make more requests than this in five minutes.",
			Examples: []string{"set the waf rate limit to 2000", "limit requests per address to 2000 in eu-west-1"},
		},
		phrasings: []string{
			"@set waf|web_acl [request] rate limit to <n:count> [requests] [per 5|five minutes]", "@set rate limit of waf|web_acl to <n:count> [requests] [per 5|five minutes]",
			"limit requests per address|ip|client to <n:count> [per 5|five minutes]", "block addresses|ips|clients with more_than <n:count> requests [per|in 5|five minutes]",
			"@add waf|web_acl with rate limit of <n:count>",
		},
		read: func(a args) (edit, error) {
			n := a.count("n")
			return edit{
				summary: fmt.Sprintf("block addresses that make more than %d requests in five minutes", n),
				apply: assign(func(s *aegis.SecuritySpec) {
					if s.WebACL == nil {
						s.WebACL = webACL()
					}
					s.WebACL.RateLimit = n
				}),
			}, nil
		},
	}
}
