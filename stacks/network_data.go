package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// dataSubnets declares the subnets of data stores, one per zone, with a route
// table that leads nowhere else and an ACL that keeps to the VPC.
func dataSubnets(s *stack, vpc *ec2.Vpc, params aegis.NetworkSpec) (*ec2.RouteTable, error) {
	plan, err := planSubnets(params.CIDR, params.Zones)
	if err != nil {
		return nil, err
	}
	table, err := routeTable(s, vpc, "data")
	if err != nil {
		return nil, err
	}
	var all []*ec2.Subnet
	for i, zone := range Zones(s.spec.Region, params.Zones) {
		name := fmt.Sprintf("data-%d", i+1)
		one, err := subnet(s, vpc, name, zone, plan.data[i])
		if err != nil {
			return nil, err
		}
		if err := associate(s, name, one, table); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	s.output("data_subnet_ids", subnetIDs(all))
	_, err = ec2.NewNetworkAcl(s.ctx, "data", &ec2.NetworkAclArgs{
		VpcId: vpc.ID(), SubnetIds: subnetIDs(all),
		Ingress: ec2.NetworkAclIngressArray{ec2.NetworkAclIngressArgs{
			RuleNo: pulumi.Int(firstRule), Action: pulumi.String("allow"), Protocol: pulumi.String("-1"),
			FromPort: pulumi.Int(0), ToPort: pulumi.Int(0), CidrBlock: pulumi.String(params.CIDR),
		}},
		Egress: ec2.NetworkAclEgressArray{ec2.NetworkAclEgressArgs{
			RuleNo: pulumi.Int(firstRule), Action: pulumi.String("allow"), Protocol: pulumi.String("-1"),
			FromPort: pulumi.Int(0), ToPort: pulumi.Int(0), CidrBlock: pulumi.String(params.CIDR),
		}},
	}, s.opts()...)
	return table, err
}

// firstRule is the number of an ACL's first rule; what no rule allows is denied.
const firstRule = 100
