package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// data declares what holds data: buckets, streams, log groups and settings,
// encrypted with the region's keys.
func data(s *stack, params aegis.DataSpec) error {
	keys, err := outputsOf[SecurityOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region))
	if err != nil {
		return err
	}
	if err := buckets(s, keys.DataKeyARN, params.Buckets); err != nil {
		return err
	}
	if err := streams(s, keys.DataKeyARN, params.Streams); err != nil {
		return err
	}
	if err := logGroups(s, keys.LogsKeyARN, params); err != nil {
		return err
	}
	if err := tables(s, keys.DataKeyARN, params.Tables); err != nil {
		return err
	}
	if err := secrets(s, keys.DataKeyARN, params.Secrets); err != nil {
		return err
	}
	if err := inNetwork(s, keys, params); err != nil {
		return err
	}
	if params.Backup != nil {
		if err := backups(s, keys, *params.Backup); err != nil {
			return err
		}
	}
	return settings(s, params.Settings)
}

func streams(s *stack, keyARN string, streams map[string]aegis.StreamSpec) error {
	arns := pulumi.StringMap{}
	for _, name := range sortedKeys(streams) {
		stream, err := kinesis.NewStream(s.ctx, name, &kinesis.StreamArgs{
			Name:            pulumi.String(s.local(name)),
			ShardCount:      pulumi.Int(streams[name].Shards),
			RetentionPeriod: pulumi.Int(streams[name].RetentionHours),
			EncryptionType:  pulumi.String("KMS"),
			KmsKeyId:        pulumi.String(keyARN),
		}, s.opts()...)
		if err != nil {
			return err
		}
		arns[name] = stream.Arn
		s.check("stream "+name+" active", "aws_kinesis_stream", stream.Name, map[string]string{"status": "ACTIVE"})
	}
	s.output("stream_arns", arns)
	return nil
}

func logGroups(s *stack, keyARN string, params aegis.DataSpec) error {
	names := pulumi.StringMap{}
	for _, name := range params.LogGroups {
		group, err := cloudwatch.NewLogGroup(s.ctx, name, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(s.path(name)),
			RetentionInDays: pulumi.Int(params.LogRetentionDays),
			KmsKeyId:        pulumi.String(keyARN),
		}, s.opts()...)
		if err != nil {
			return err
		}
		names[name] = group.Name
	}
	s.output("log_group_names", names)
	return nil
}

// settings declares plain parameters: they are for configuration, and a secret
// has no place in a spec.
func settings(s *stack, values map[string]string) error {
	for _, name := range sortedKeys(values) {
		if _, err := ssm.NewParameter(s.ctx, strings.ReplaceAll(name, "/", "-"), &ssm.ParameterArgs{
			Name:  pulumi.String(s.path(name)),
			Type:  pulumi.String("String"),
			Value: pulumi.String(values[name]),
		}, s.opts()...); err != nil {
			return err
		}
	}
	return nil
}
