package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/aegisworld/aegis"
)

func listRules(ctx context.Context, c clients) ([]aegis.CloudResource, error) {
	var out []aegis.CloudResource
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(c.ec2(), &ec2.DescribeSecurityGroupRulesInput{})
	for rule, err := range items(ctx, pages, func(p *ec2.DescribeSecurityGroupRulesOutput) []types.SecurityGroupRule { return p.SecurityGroupRules }) {
		if err != nil {
			return nil, err
		}
		kind := "aws_vpc_security_group_ingress_rule"
		if aws.ToBool(rule.IsEgress) {
			kind = "aws_vpc_security_group_egress_rule"
		}
		out = append(out, aegis.CloudResource{
			Type: kind, ID: aws.ToString(rule.SecurityGroupRuleId), Region: c.cfg.Region,
			ParentType: "aws_security_group", ParentID: aws.ToString(rule.GroupId), Attributes: ruleAttributes(rule),
		})
	}
	return out, nil
}

// groupTag is what Auto Scaling puts on the instances of a group.
const groupTag = "aws:autoscaling:groupName"

// listInstances leaves out what is ending. An instance of an Auto Scaling group
// is a part of it.
func listInstances(ctx context.Context, c clients) ([]aegis.CloudResource, error) {
	var out []aegis.CloudResource
	pages := ec2.NewDescribeInstancesPaginator(c.ec2(), &ec2.DescribeInstancesInput{})
	for reservation, err := range items(ctx, pages, func(p *ec2.DescribeInstancesOutput) []types.Reservation { return p.Reservations }) {
		if err != nil {
			return nil, err
		}
		for _, instance := range reservation.Instances {
			if alive(instance) {
				out = append(out, instanceOf(c, instance))
			}
		}
	}
	return out, nil
}

func instanceOf(c clients, instance types.Instance) aegis.CloudResource {
	r := aegis.CloudResource{
		Type: "aws_instance", ID: aws.ToString(instance.InstanceId), Region: c.cfg.Region, Attributes: instanceAttributes(instance),
	}
	for _, tag := range instance.Tags {
		if aws.ToString(tag.Key) == groupTag {
			r.ParentType, r.ParentID = "aws_autoscaling_group", aws.ToString(tag.Value)
		}
	}
	return r
}

func listSharedSnapshots(ctx context.Context, c clients) ([]aegis.CloudResource, error) {
	var out []aegis.CloudResource
	pages := ec2.NewDescribeSnapshotsPaginator(c.ec2(), &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"}, RestorableByUserIds: []string{"all"},
	})
	for snapshot, err := range items(ctx, pages, func(p *ec2.DescribeSnapshotsOutput) []types.Snapshot { return p.Snapshots }) {
		if err != nil {
			return nil, err
		}
		if aws.ToString(snapshot.OwnerId) != c.account {
			continue // an emulator lists those of its images, a thousand
		}
		r := aegis.CloudResource{
			Type: "aws_snapshot_create_volume_permission", ID: aws.ToString(snapshot.SnapshotId), Region: c.cfg.Region,
			ParentType: "aws_ebs_snapshot", ParentID: aws.ToString(snapshot.SnapshotId), Attributes: sharing(aws.ToString(snapshot.SnapshotId)),
		}
		// Not every implementation filters as asked.
		if _, err := readSnapshotSharing(ctx, c, r); notThere(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
