package stacks

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// nodeRole is the workload role of the runtime's instances.
const nodeRole = "node"

// Tags of the Auto Scaling group that say what its instances are, which
// otherwise only the launch template knows; prices need it.
const (
	TagInstanceType = "aegis:instance_type"
	TagVolumeGiB    = "aegis:volume_gib"
)

// runtime declares an Auto Scaling group over the private subnets that keeps
// the average CPU load at a target.
func runtime(s *stack, params aegis.RuntimeSpec) error {
	network, err := outputsOf[NetworkOutputs](s, stackID(s.spec.Environment, aegis.LayerNetwork, s.spec.Region))
	if err != nil {
		return err
	}
	security, err := outputsOf[SecurityOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region))
	if err != nil {
		return err
	}
	profile, ok := security.InstanceProfiles[nodeRole]
	if !ok {
		return fmt.Errorf("stack %s has no instance profile %q",
			stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region), nodeRole)
	}
	template, err := launchTemplate(s, params, profile, network.WorkloadSecurityGroupID)
	if err != nil {
		return err
	}
	s.output("launch_template_id", template.ID())
	if err := repositories(s, params, security.DataKeyARN); err != nil {
		return err
	}
	if err := clusters(s, params, network, security); err != nil {
		return err
	}
	targets, err := loadBalancer(s, params.LoadBalancer, network)
	if err != nil {
		return err
	}
	group, err := group(s, params, template, network.PrivateSubnetIDs, targets)
	if err != nil {
		return err
	}
	s.output("autoscaling_group_name", group.Name)
	s.check("group within bounds", "aws_autoscaling_group", group.Name, map[string]string{
		"min_size": strconv.Itoa(params.NodeMin), "max_size": strconv.Itoa(params.NodeMax),
		"within_bounds": "true", "unhealthy": "0",
	})
	return tracking(s, group, params.TargetCPUPercent)
}

// launchTemplate declares what an instance is: metadata by session tokens
// only, an encrypted volume, no public address.
func launchTemplate(s *stack, params aegis.RuntimeSpec, profile, securityGroup string) (*ec2.LaunchTemplate, error) {
	return ec2.NewLaunchTemplate(s.ctx, "node", &ec2.LaunchTemplateArgs{
		Name:                 pulumi.String(s.local("node")),
		ImageId:              pulumi.String(image(params.InstanceType)),
		InstanceType:         pulumi.String(params.InstanceType),
		UpdateDefaultVersion: pulumi.Bool(true),
		VpcSecurityGroupIds:  pulumi.ToStringArray([]string{securityGroup}),
		IamInstanceProfile:   ec2.LaunchTemplateIamInstanceProfileArgs{Name: pulumi.String(profile)},
		MetadataOptions:      tokensOnly(),
		BlockDeviceMappings:  encryptedVolume(params.VolumeGiB),
	}, s.opts()...)
}

// tokensOnly lets an instance, and not what runs in its containers, read its
// metadata by session tokens.
func tokensOnly() ec2.LaunchTemplateMetadataOptionsArgs {
	return ec2.LaunchTemplateMetadataOptionsArgs{
		HttpEndpoint:            pulumi.String("enabled"),
		HttpTokens:              pulumi.String("required"),
		HttpPutResponseHopLimit: pulumi.Int(1),
	}
}

// encryptedVolume is an instance's root volume.
func encryptedVolume(gib int) ec2.LaunchTemplateBlockDeviceMappingArray {
	return ec2.LaunchTemplateBlockDeviceMappingArray{
		ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String("/dev/xvda"),
			Ebs: ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
				DeleteOnTermination: pulumi.String("true"),
				Encrypted:           pulumi.String("true"),
				VolumeSize:          pulumi.Int(gib),
				VolumeType:          pulumi.String("gp3"),
			},
		},
	}
}

// image is the public parameter that names the newest Amazon Linux image for
// the processor of an instance type; EC2 resolves it at each launch.
func image(instanceType string) string {
	architecture := "x86_64"
	if arm(instanceType) {
		architecture = "arm64"
	}
	return "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-" + architecture
}

// arm tells whether an instance type has AWS's own processor.
func arm(instanceType string) bool {
	return regexp.MustCompile(`^(a1|[a-z]+[0-9]+g)`).MatchString(instanceType)
}

// group declares the instances, which a load balancer that leads to them judges,
// too.
func group(
	s *stack, params aegis.RuntimeSpec, template *ec2.LaunchTemplate, subnets []string, targets *lb.TargetGroup,
) (*autoscaling.Group, error) {
	args := &autoscaling.GroupArgs{
		Name:               pulumi.String(s.local("node")),
		MinSize:            pulumi.Int(params.NodeMin),
		MaxSize:            pulumi.Int(params.NodeMax),
		DesiredCapacity:    pulumi.Int(params.NodeDesired),
		VpcZoneIdentifiers: pulumi.ToStringArray(subnets),
		HealthCheckType:    pulumi.String("EC2"),
		LaunchTemplate: autoscaling.GroupLaunchTemplateArgs{
			Id:      template.ID(),
			Version: pulumi.String("$Latest"),
		},
		Tags: autoscaling.GroupTagArray{
			groupTag(TagInstanceType, params.InstanceType),
			groupTag(TagVolumeGiB, strconv.Itoa(params.VolumeGiB)),
		},
	}
	if targets != nil {
		args.HealthCheckType = pulumi.String("ELB")
		args.TargetGroupArns = pulumi.StringArray{targets.Arn}
	}
	return autoscaling.NewGroup(s.ctx, "node", args, s.opts()...)
}

func groupTag(key, value string) autoscaling.GroupTagArgs {
	return autoscaling.GroupTagArgs{Key: pulumi.String(key), Value: pulumi.String(value), PropagateAtLaunch: pulumi.Bool(false)}
}

// tracking keeps the group's average CPU load near a target.
func tracking(s *stack, group *autoscaling.Group, percent int) error {
	_, err := autoscaling.NewPolicy(s.ctx, "cpu", &autoscaling.PolicyArgs{
		Name:                 pulumi.String("cpu"),
		AutoscalingGroupName: group.Name,
		PolicyType:           pulumi.String("TargetTrackingScaling"),
		TargetTrackingConfiguration: autoscaling.PolicyTargetTrackingConfigurationArgs{
			TargetValue: pulumi.Float64(percent),
			PredefinedMetricSpecification: autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ASGAverageCPUUtilization"),
			},
		},
	}, s.opts(pulumi.IgnoreChanges([]string{"enabled", "predictiveScalingConfiguration"}))...)
	return err
}
