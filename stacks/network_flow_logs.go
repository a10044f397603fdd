package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// serviceFlowLogs is the principal of the role that writes flow logs.
const serviceFlowLogs = "vpc-flow-logs.amazonaws.com"

// flowLogs declares the record of the VPC's connections, accepted and refused,
// by the minute.
func flowLogs(s *stack, vpc *ec2.Vpc, days int) error {
	security, err := outputsOf[SecurityOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region))
	if err != nil {
		return err
	}
	role, ok := security.WorkloadRoleARNs[aegis.FlowLogsRole]
	if !ok {
		return fmt.Errorf("flow_log_days needs workload role %s, with service %s, in layer security: apply that first", aegis.FlowLogsRole, serviceFlowLogs)
	}
	group, err := cloudwatch.NewLogGroup(s.ctx, "flow-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(s.path("flow-logs")),
		RetentionInDays: pulumi.Int(days),
		KmsKeyId:        pulumi.String(security.LogsKeyARN),
	}, s.opts()...)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(s.ctx, "main", &ec2.FlowLogArgs{
		VpcId: vpc.ID(), TrafficType: pulumi.String("ALL"), MaxAggregationInterval: pulumi.Int(60),
		LogDestinationType: pulumi.String("cloud-watch-logs"), LogDestination: group.Arn, IamRoleArn: pulumi.String(role),
	}, s.opts()...)
	return err
}
