package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// webACL declares a web ACL of AWS's rule groups and a limit of requests by
// address. Scope is REGIONAL or CLOUDFRONT.
func webACL(s *stack, name, scope string, spec aegis.WebACLSpec) (*wafv2.WebAcl, error) {
	rules := wafv2.WebAclRuleArray{}
	for _, group := range spec.ManagedRules {
		rules = append(rules, wafv2.WebAclRuleArgs{
			Name: pulumi.String(group), Priority: pulumi.Int(len(rules)),
			OverrideAction: wafv2.WebAclRuleOverrideActionArgs{None: wafv2.WebAclRuleOverrideActionNoneArgs{}},
			Statement: wafv2.WebAclRuleStatementArgs{ManagedRuleGroupStatement: wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs{
				VendorName: pulumi.String("AWS"), Name: pulumi.String(group),
			}},
			VisibilityConfig: visibleRule(strings.TrimPrefix(group, "AWSManagedRules")),
		})
	}
	if spec.RateLimit > 0 {
		rules = append(rules, wafv2.WebAclRuleArgs{
			Name: pulumi.String("rate"), Priority: pulumi.Int(len(rules)),
			Action: wafv2.WebAclRuleActionArgs{Block: wafv2.WebAclRuleActionBlockArgs{}},
			Statement: wafv2.WebAclRuleStatementArgs{RateBasedStatement: wafv2.WebAclRuleStatementRateBasedStatementArgs{
				AggregateKeyType: pulumi.String("IP"), Limit: pulumi.Int(spec.RateLimit),
			}},
			VisibilityConfig: visibleRule("rate"),
		})
	}
	return wafv2.NewWebAcl(s.ctx, name, &wafv2.WebAclArgs{
		Name: pulumi.String(s.local(name)), Scope: pulumi.String(scope), Rules: rules,
		DefaultAction: wafv2.WebAclDefaultActionArgs{Allow: wafv2.WebAclDefaultActionAllowArgs{}},
		VisibilityConfig: wafv2.WebAclVisibilityConfigArgs{
			CloudwatchMetricsEnabled: pulumi.Bool(true), MetricName: pulumi.String(s.local(name)), SampledRequestsEnabled: pulumi.Bool(true),
		},
	}, s.opts()...)
}

func visibleRule(metric string) wafv2.WebAclRuleVisibilityConfigArgs {
	return wafv2.WebAclRuleVisibilityConfigArgs{
		CloudwatchMetricsEnabled: pulumi.Bool(true), MetricName: pulumi.String(metric), SampledRequestsEnabled: pulumi.Bool(true),
	}
}
