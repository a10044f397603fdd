package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/aegisworld/aegis"
)

func gone(r aegis.CloudResource) error { return fmt.Errorf("%s: %w", r.Address(), aegis.ErrNotFound) }

func readRule(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
	output, err := c.ec2().DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{SecurityGroupRuleIds: []string{r.ID}})
	if err != nil {
		return nil, err
	}
	for _, rule := range output.SecurityGroupRules {
		if aws.ToString(rule.SecurityGroupRuleId) == r.ID {
			return ruleAttributes(rule), nil
		}
	}
	return nil, gone(r)
}

// ruleAttributes are those of aws_vpc_security_group_ingress_rule.
func ruleAttributes(rule types.SecurityGroupRule) map[string]any {
	attributes := map[string]any{
		"security_group_id": aws.ToString(rule.GroupId), "ip_protocol": aws.ToString(rule.IpProtocol),
		"from_port": port(rule.FromPort), "to_port": port(rule.ToPort),
	}
	for name, value := range map[string]*string{
		"cidr_ipv4": rule.CidrIpv4, "cidr_ipv6": rule.CidrIpv6, "prefix_list_id": rule.PrefixListId, "description": rule.Description,
	} {
		if text := aws.ToString(value); text != "" {
			attributes[name] = text
		}
	}
	if group := rule.ReferencedGroupInfo; group != nil {
		attributes["referenced_security_group_id"] = aws.ToString(group.GroupId)
	}
	return attributes
}

// port is a JSON number, the same whether it was stored or not.
func port(n *int32) any {
	if n == nil {
		return nil
	}
	return float64(*n)
}

func revokeRule(ctx context.Context, c clients, r aegis.CloudResource) error {
	if r.Type == "aws_vpc_security_group_egress_rule" {
		_, err := c.ec2().RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{
			GroupId: aws.String(r.ParentID), SecurityGroupRuleIds: []string{r.ID},
		})
		return err
	}
	_, err := c.ec2().RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: aws.String(r.ParentID), SecurityGroupRuleIds: []string{r.ID},
	})
	return err
}

func readInstance(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
	output, err := c.ec2().DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{r.ID}})
	if err != nil {
		return nil, err
	}
	for _, reservation := range output.Reservations {
		for _, instance := range reservation.Instances {
			if alive(instance) {
				return instanceAttributes(instance), nil
			}
		}
	}
	return nil, gone(r)
}

func alive(instance types.Instance) bool {
	return instance.State != nil && instance.State.Name != types.InstanceStateNameTerminated &&
		instance.State.Name != types.InstanceStateNameShuttingDown
}

func instanceAttributes(instance types.Instance) map[string]any {
	tags := map[string]any{}
	for _, tag := range instance.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return map[string]any{
		"ami": aws.ToString(instance.ImageId), "instance_type": string(instance.InstanceType),
		"subnet_id": aws.ToString(instance.SubnetId), "public_ip": aws.ToString(instance.PublicIpAddress), "tags": tags,
	}
}

func terminateInstance(ctx context.Context, c clients, r aegis.CloudResource) error {
	_, err := c.ec2().TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{r.ID}})
	return err
}

// A snapshot's sharing with all accounts has the snapshot's id.

func readSnapshotSharing(ctx context.Context, c clients, r aegis.CloudResource) (map[string]any, error) {
	output, err := c.ec2().DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
		SnapshotId: aws.String(r.ID), Attribute: types.SnapshotAttributeNameCreateVolumePermission,
	})
	if err != nil {
		return nil, err
	}
	for _, permission := range output.CreateVolumePermissions {
		if permission.Group == types.PermissionGroupAll {
			return sharing(r.ID), nil
		}
	}
	return nil, gone(r)
}

func sharing(snapshotID string) map[string]any {
	return map[string]any{"snapshot_id": snapshotID, "account_id": "all"}
}

func unshareSnapshot(ctx context.Context, c clients, r aegis.CloudResource) error {
	_, err := c.ec2().ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{
		SnapshotId: aws.String(r.ID), Attribute: types.SnapshotAttributeNameCreateVolumePermission,
		OperationType: types.OperationTypeRemove, GroupNames: []string{string(types.PermissionGroupAll)},
	})
	return err
}
