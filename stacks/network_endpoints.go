package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// endpoints declares the VPC's ways to AWS's services.
func endpoints(s *stack, network *ec2.Vpc, private []*ec2.Subnet, tables []*ec2.RouteTable, params aegis.NetworkSpec) error {
	ids := pulumi.StringArray{}
	for _, table := range tables {
		ids = append(ids, table.ID())
	}
	for _, service := range params.Endpoints.Gateway {
		if _, err := ec2.NewVpcEndpoint(s.ctx, service, &ec2.VpcEndpointArgs{
			VpcId: network.ID(), ServiceName: pulumi.String(s.serviceName(service)), VpcEndpointType: pulumi.String("Gateway"), RouteTableIds: ids,
		}, s.opts()...); err != nil {
			return err
		}
	}
	if len(params.Endpoints.Interface) == 0 {
		return nil
	}
	group, err := endpointsGroup(s, network, params.CIDR)
	if err != nil {
		return err
	}
	for _, service := range params.Endpoints.Interface {
		if _, err := ec2.NewVpcEndpoint(s.ctx, strings.ReplaceAll(service, ".", "-"), &ec2.VpcEndpointArgs{
			VpcId: network.ID(), ServiceName: pulumi.String(s.serviceName(service)), VpcEndpointType: pulumi.String("Interface"),
			SubnetIds: subnetIDs(private), SecurityGroupIds: pulumi.StringArray{group.ID()}, PrivateDnsEnabled: pulumi.Bool(true),
		}, s.opts()...); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) serviceName(service string) string {
	return "com.amazonaws." + s.spec.Region + "." + service
}

// endpointsGroup lets the VPC's own addresses speak TLS to the endpoints, and
// the endpoints speak to nobody.
func endpointsGroup(s *stack, network *ec2.Vpc, cidr string) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(s.ctx, "endpoints", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(s.local("endpoints")),
		Description: pulumi.String("Endpoints of AWS services in " + s.spec.Environment),
		VpcId:       network.ID(),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	_, err = vpc.NewSecurityGroupIngressRule(s.ctx, "endpoints-https", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String("TLS from the VPC"),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(443),
		ToPort:          pulumi.Int(443),
		CidrIpv4:        pulumi.String(cidr),
	}, s.opts()...)
	return group, err
}
