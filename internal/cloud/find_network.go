package cloud

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/aegisworld/aegis"
)

// findTagged looks for a resource of EC2 by its tags.
func findTagged(resourceType string) finder {
	return func(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
		ids, err := taggedIDs(ctx, c, resourceType, lookup)
		if err != nil || len(ids) == 0 {
			return "", err
		}
		return ids[0], nil
	}
}

// taggedIDs are the ids of resources that bear both tags.
func taggedIDs(ctx context.Context, c clients, resourceType string, lookup aegis.Lookup) ([]string, error) {
	byStack, err := idsWithTag(ctx, c, resourceType, tagStack, lookup.StackID)
	if err != nil {
		return nil, err
	}
	byAddress, err := idsWithTag(ctx, c, resourceType, tagAddress, lookup.Address)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(byStack, func(id string) bool { return !slices.Contains(byAddress, id) }), nil
}

func idsWithTag(ctx context.Context, c clients, resourceType, key, value string) ([]string, error) {
	pages := ec2.NewDescribeTagsPaginator(c.ec2(), &ec2.DescribeTagsInput{Filters: []types.Filter{
		filter("resource-type", resourceType), filter("key", key), filter("value", value),
	}})
	var ids []string
	for tag, err := range items(ctx, pages, func(p *ec2.DescribeTagsOutput) []types.TagDescription { return p.Tags }) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, aws.ToString(tag.ResourceId))
	}
	return ids, nil
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

// findNATGateway leaves out gateways that are gone: AWS shows them, with their
// tags, for an hour.
func findNATGateway(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.ec2().DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: []types.Filter{
		filter("tag:"+tagStack, lookup.StackID), filter("tag:"+tagAddress, lookup.Address),
		filter("state", "pending", "available"),
	}})
	if err != nil || len(output.NatGateways) == 0 {
		return "", err
	}
	return aws.ToString(output.NatGateways[0].NatGatewayId), nil
}

// findFlowLog compares tags itself: those of flow logs are no resource of
// DescribeTags everywhere.
func findFlowLog(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	pages := ec2.NewDescribeFlowLogsPaginator(c.ec2(), &ec2.DescribeFlowLogsInput{})
	for log, err := range items(ctx, pages, func(p *ec2.DescribeFlowLogsOutput) []types.FlowLog { return p.FlowLogs }) {
		if err != nil {
			return "", err
		}
		if tags := ec2Tags(log.Tags); tags[tagStack] == lookup.StackID && tags[tagAddress] == lookup.Address {
			return aws.ToString(log.FlowLogId), nil
		}
	}
	return "", nil
}

// findEndpoint leaves out endpoints that are gone.
func findEndpoint(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.ec2().DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: []types.Filter{
		filter("tag:"+tagStack, lookup.StackID), filter("tag:"+tagAddress, lookup.Address),
	}})
	if err != nil {
		return "", err
	}
	for _, endpoint := range output.VpcEndpoints {
		if endpoint.State != types.StateDeleted && endpoint.State != types.StateDeleting {
			return aws.ToString(endpoint.VpcEndpointId), nil
		}
	}
	return "", nil
}

// findAddress looks for a public address by its tags.
func findAddress(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.ec2().DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: []types.Filter{
		filter("tag:"+tagStack, lookup.StackID), filter("tag:"+tagAddress, lookup.Address),
	}})
	if err != nil || len(output.Addresses) == 0 {
		return "", err
	}
	return aws.ToString(output.Addresses[0].AllocationId), nil
}

// findSecurityGroup looks by name, which is unique in a VPC.
func findSecurityGroup(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	if input(lookup, "name") == "" || input(lookup, "vpc_id") == "" {
		return findTagged("security-group")(ctx, c, lookup)
	}
	output, err := c.ec2().DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
		filter("group-name", input(lookup, "name")), filter("vpc-id", input(lookup, "vpc_id")),
	}})
	if err != nil || len(output.SecurityGroups) == 0 || !ours(ec2Tags(output.SecurityGroups[0].Tags), lookup) {
		return "", err
	}
	return aws.ToString(output.SecurityGroups[0].GroupId), nil
}

func ec2Tags(list []types.Tag) map[string]string {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

// findRule looks for a rule by its group, ports and addresses: AWS refuses a
// second rule with the same.
func findRule(egress bool) finder {
	return func(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
		output, err := c.ec2().DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{
			Filters: []types.Filter{filter("group-id", input(lookup, "security_group_id"))},
		})
		if err != nil {
			return "", err
		}
		for _, rule := range output.SecurityGroupRules {
			if aws.ToBool(rule.IsEgress) == egress && sameRule(rule, lookup) && ours(ec2Tags(rule.Tags), lookup) {
				return aws.ToString(rule.SecurityGroupRuleId), nil
			}
		}
		return "", nil
	}
}

func sameRule(rule types.SecurityGroupRule, lookup aegis.Lookup) bool {
	protocol := input(lookup, "ip_protocol")
	if aws.ToString(rule.IpProtocol) != protocol || aws.ToString(rule.CidrIpv4) != input(lookup, "cidr_ipv4") ||
		aws.ToString(rule.CidrIpv6) != input(lookup, "cidr_ipv6") || referencedGroup(rule) != input(lookup, "referenced_security_group_id") {
		return false
	}
	if protocol == "-1" {
		return true
	}
	return samePort(rule.FromPort, input(lookup, "from_port")) && samePort(rule.ToPort, input(lookup, "to_port"))
}

func referencedGroup(rule types.SecurityGroupRule) string {
	if rule.ReferencedGroupInfo == nil {
		return ""
	}
	return aws.ToString(rule.ReferencedGroupInfo.GroupId)
}

// findRoute returns "table_destination", the import format of a route.
func findRoute(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	table, destination := input(lookup, "route_table_id"), input(lookup, "destination_cidr_block")
	output, err := c.ec2().DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{table}})
	if err != nil {
		return "", err
	}
	for _, found := range output.RouteTables {
		for _, route := range found.Routes {
			if destination != "" && aws.ToString(route.DestinationCidrBlock) == destination {
				return table + "_" + destination, nil
			}
		}
	}
	return "", nil
}

// findAssociation returns "subnet/table", the import format of an association.
func findAssociation(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	table, subnet := input(lookup, "route_table_id"), input(lookup, "subnet_id")
	output, err := c.ec2().DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{table}})
	if err != nil {
		return "", err
	}
	for _, found := range output.RouteTables {
		for _, association := range found.Associations {
			if subnet != "" && aws.ToString(association.SubnetId) == subnet {
				return subnet + "/" + table, nil
			}
		}
	}
	return "", nil
}

// findTemplate looks by name, which is unique in a region.
func findTemplate(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	if input(lookup, "name") == "" {
		return findTagged("launch-template")(ctx, c, lookup)
	}
	output, err := c.ec2().DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{
		LaunchTemplateNames: []string{input(lookup, "name")},
	})
	if err != nil || len(output.LaunchTemplates) == 0 || !ours(ec2Tags(output.LaunchTemplates[0].Tags), lookup) {
		return "", err
	}
	return aws.ToString(output.LaunchTemplates[0].LaunchTemplateId), nil
}

func samePort(port *int32, wanted string) bool {
	return port != nil && strconv.Itoa(int(*port)) == wanted
}
