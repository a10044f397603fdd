package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// network declares a VPC with a public and a private subnet in each zone.
func network(s *stack, params aegis.NetworkSpec) error {
	args := &ec2.VpcArgs{CidrBlock: pulumi.String(params.CIDR), EnableDnsSupport: pulumi.Bool(true)}
	if params.Endpoints != nil && len(params.Endpoints.Interface) > 0 {
		args.EnableDnsHostnames = pulumi.Bool(true) // endpoints answer to the services' public names
	}
	vpc, err := ec2.NewVpc(s.ctx, "main", args, s.opts()...)
	if err != nil {
		return err
	}
	s.output("vpc_id", vpc.ID())
	s.check("vpc available", "aws_vpc", vpc.ID(), map[string]string{"state": "available"})

	public, private, err := subnets(s, vpc, params)
	if err != nil {
		return err
	}
	tables, err := routes(s, vpc, public, private, params.NAT)
	if err != nil {
		return err
	}
	s.output("public_subnet_ids", subnetIDs(public))
	s.output("private_subnet_ids", subnetIDs(private))
	if params.DataSubnets {
		table, err := dataSubnets(s, vpc, params)
		if err != nil {
			return err
		}
		tables = append(tables, table)
	}
	if params.FlowLogDays > 0 {
		if err := flowLogs(s, vpc, params.FlowLogDays); err != nil {
			return err
		}
	}
	if params.Endpoints != nil {
		if err := endpoints(s, vpc, private, tables, params); err != nil {
			return err
		}
	}
	if params.Peered {
		if err := requestPeers(s, vpc, tables); err != nil {
			return err
		}
	}
	return securityGroups(s, vpc, params.IngressRules)
}

// routes returns the private route tables.
func routes(s *stack, vpc *ec2.Vpc, public, private []*ec2.Subnet, nat string) ([]*ec2.RouteTable, error) {
	if err := publicRoutes(s, vpc, public); err != nil {
		return nil, err
	}
	return privateRoutes(s, vpc, public, private, nat)
}

// subnets declares one public and one private subnet per zone.
func subnets(s *stack, vpc *ec2.Vpc, params aegis.NetworkSpec) (public, private []*ec2.Subnet, err error) {
	plan, err := planSubnets(params.CIDR, params.Zones)
	if err != nil {
		return nil, nil, err
	}
	for i, zone := range Zones(s.spec.Region, params.Zones) {
		pub, err := subnet(s, vpc, fmt.Sprintf("public-%d", i+1), zone, plan.public[i])
		if err != nil {
			return nil, nil, err
		}
		priv, err := subnet(s, vpc, fmt.Sprintf("private-%d", i+1), zone, plan.private[i])
		if err != nil {
			return nil, nil, err
		}
		public, private = append(public, pub), append(private, priv)
	}
	return public, private, nil
}

// subnet declares a subnet. Not even a public one gives public addresses to
// instances: what must be reached has an address of its own.
func subnet(s *stack, vpc *ec2.Vpc, name, zone, cidr string) (*ec2.Subnet, error) {
	return ec2.NewSubnet(s.ctx, name, &ec2.SubnetArgs{
		VpcId:            vpc.ID(),
		AvailabilityZone: pulumi.String(zone),
		CidrBlock:        pulumi.String(cidr),
	}, s.opts()...)
}

func subnetIDs(subnets []*ec2.Subnet) pulumi.StringArray {
	ids := pulumi.StringArray{}
	for _, subnet := range subnets {
		ids = append(ids, subnet.ID())
	}
	return ids
}
