package stacks

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// securityGroups declares the workload's group and empties the VPC's default
// one, which would let its members talk freely.
func securityGroups(s *stack, network *ec2.Vpc, rules map[string]aegis.IngressRule) error {
	if _, err := ec2.NewDefaultSecurityGroup(s.ctx, "default", &ec2.DefaultSecurityGroupArgs{
		VpcId: network.ID(),
	}, s.opts()...); err != nil {
		return err
	}
	group, err := ec2.NewSecurityGroup(s.ctx, "workload", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(s.local("workload")),
		Description: pulumi.String("Workloads of " + s.spec.Environment),
		VpcId:       network.ID(),
	}, s.opts()...)
	if err != nil {
		return err
	}
	s.output("workload_security_group_id", group.ID())
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		for _, cidr := range rules[name].CIDRs {
			if err := ingress(s, group, name, rules[name], cidr); err != nil {
				return err
			}
		}
	}
	_, err = vpc.NewSecurityGroupEgressRule(s.ctx, "all", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String("Anywhere"),
		IpProtocol:      pulumi.String("-1"),
		CidrIpv4:        pulumi.String(anywhere),
	}, s.opts()...)
	return err
}

// ingress opens a port range to one range of addresses. Its name holds the
// range, so that the order of a rule's ranges does not matter.
func ingress(s *stack, group *ec2.SecurityGroup, name string, rule aegis.IngressRule, cidr string) error {
	_, err := vpc.NewSecurityGroupIngressRule(s.ctx, ruleResource(name, cidr), &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String(name),
		IpProtocol:      pulumi.String(rule.Protocol),
		FromPort:        pulumi.Int(rule.FromPort),
		ToPort:          pulumi.Int(rule.ToPort),
		CidrIpv4:        pulumi.String(cidr),
	}, s.opts()...)
	return err
}

// ruleResource names the resource of one range of a rule.
func ruleResource(rule, cidr string) string {
	return rule + "-" + strings.NewReplacer(".", "-", "/", "-").Replace(cidr)
}
