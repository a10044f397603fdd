package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const anywhere = "0.0.0.0/0"

// publicRoutes sends the public subnets' traffic to an internet gateway.
func publicRoutes(s *stack, vpc *ec2.Vpc, subnets []*ec2.Subnet) error {
	gateway, err := ec2.NewInternetGateway(s.ctx, "main", &ec2.InternetGatewayArgs{VpcId: vpc.ID()}, s.opts()...)
	if err != nil {
		return err
	}
	table, err := routeTable(s, vpc, "public")
	if err != nil {
		return err
	}
	if _, err := ec2.NewRoute(s.ctx, "public-internet", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(anywhere),
		GatewayId:            gateway.ID(),
	}, s.opts()...); err != nil {
		return err
	}
	for i, subnet := range subnets {
		if err := associate(s, fmt.Sprintf("public-%d", i+1), subnet, table); err != nil {
			return err
		}
	}
	return nil
}

// privateRoutes gives the private subnets one route table, or one per zone
// when each zone has its own NAT gateway.
func privateRoutes(s *stack, vpc *ec2.Vpc, public, private []*ec2.Subnet, nat string) ([]*ec2.RouteTable, error) {
	names := []string{"private"}
	if nat == "per_zone" {
		names = nil
		for i := range private {
			names = append(names, fmt.Sprintf("private-%d", i+1))
		}
	}
	tables := make([]*ec2.RouteTable, len(names))
	for i, name := range names {
		table, err := routeTable(s, vpc, name)
		if err != nil {
			return nil, err
		}
		if tables[i] = table; nat == "none" {
			continue
		}
		if err := natRoute(s, name, table, public[i]); err != nil {
			return nil, err
		}
	}
	for i, subnet := range private {
		if err := associate(s, fmt.Sprintf("private-%d", i+1), subnet, tables[min(i, len(tables)-1)]); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// natRoute sends a table's traffic to a NAT gateway of its own.
func natRoute(s *stack, name string, table *ec2.RouteTable, subnet *ec2.Subnet) error {
	address, err := ec2.NewEip(s.ctx, name+"-nat", &ec2.EipArgs{Domain: pulumi.String("vpc")}, s.opts()...)
	if err != nil {
		return err
	}
	gateway, err := ec2.NewNatGateway(s.ctx, name, &ec2.NatGatewayArgs{
		AllocationId: address.ID(),
		SubnetId:     subnet.ID(),
	}, s.opts()...)
	if err != nil {
		return err
	}
	_, err = ec2.NewRoute(s.ctx, name+"-internet", &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String(anywhere),
		NatGatewayId:         gateway.ID(),
	}, s.opts()...)
	return err
}

func routeTable(s *stack, vpc *ec2.Vpc, name string) (*ec2.RouteTable, error) {
	return ec2.NewRouteTable(s.ctx, name, &ec2.RouteTableArgs{VpcId: vpc.ID()}, s.opts()...)
}

func associate(s *stack, name string, subnet *ec2.Subnet, table *ec2.RouteTable) error {
	_, err := ec2.NewRouteTableAssociation(s.ctx, name, &ec2.RouteTableAssociationArgs{
		SubnetId:     subnet.ID(),
		RouteTableId: table.ID(),
	}, s.opts()...)
	return err
}
