package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// securityGroups declares the workload's group and empties the VPC's default
// one, which would let its members talk freely.
func securityGroups(s *stack, network *ec2.Vpc, rules []aegis.IngressRule) error {
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
	for _, rule := range rules {
		for _, cidr := range rule.CIDRs {
			if err := ingress(s, group, rule, cidr); err != nil {
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
func ingress(s *stack, group *ec2.SecurityGroup, rule aegis.IngressRule, cidr string) error {
	_, err := vpc.NewSecurityGroupIngressRule(s.ctx, ruleResource(rule.Name, cidr), &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String(rule.Name),
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
