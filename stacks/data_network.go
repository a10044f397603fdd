package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// needsNetwork says that a stack has servers, which are in layer network's data
// subnets.
func needsNetwork(params aegis.DataSpec) bool {
	return len(params.Caches)+len(params.SearchDomains)+len(params.Databases) > 0
}

// inNetwork declares what has servers.
func inNetwork(s *stack, keys SecurityOutputs, params aegis.DataSpec) error {
	if !needsNetwork(params) {
		return nil
	}
	id := stackID(s.spec.Environment, aegis.LayerNetwork, s.spec.Region)
	network, err := outputsOf[NetworkOutputs](s, id)
	if err != nil {
		return err
	}
	if len(network.DataSubnetIDs) == 0 {
		return fmt.Errorf("stack %s has no data subnets: set its data_subnets, and apply that first", id)
	}
	if err := caches(s, keys.DataKeyARN, network, params.Caches); err != nil {
		return err
	}
	if err := databases(s, keys.DataKeyARN, network, params.Databases); err != nil {
		return err
	}
	return searchDomains(s, keys, network, params.SearchDomains)
}

// serverGroup declares a security group that lets workloads in, at one port, and
// nothing out.
func serverGroup(s *stack, name string, network NetworkOutputs, port int) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(s.ctx, name, &ec2.SecurityGroupArgs{
		Name: pulumi.String(s.local(name)), Description: pulumi.String("Servers of " + name), VpcId: pulumi.String(network.VPCID),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	_, err = vpc.NewSecurityGroupIngressRule(s.ctx, name, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), IpProtocol: pulumi.String("tcp"),
		FromPort: pulumi.Int(port), ToPort: pulumi.Int(port), ReferencedSecurityGroupId: pulumi.String(network.WorkloadSecurityGroupID),
	}, s.opts()...)
	return group, err
}
