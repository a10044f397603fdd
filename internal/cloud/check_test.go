package cloud_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	cfg := admin(account, "eu-west-1")
	vpc, err := ec2.NewFromConfig(cfg).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	require.NoError(t, err)
	_, err = cloudwatch.NewFromConfig(cfg).PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("Aegis"), MetricData: []types.MetricDatum{{
			MetricName: aws.String("Errors"), Value: aws.Float64(7), Timestamp: aws.Time(time.Now().Add(-time.Minute)),
		}},
	})
	require.NoError(t, err)
	health := func(resourceType, id string, expect map[string]string) aegis.Check {
		return aegis.Check{Kind: aegis.CheckAWSHealth, Region: "eu-west-1", ResourceType: resourceType, ResourceID: id, Expect: expect}
	}
	metric := func(name, comparison string) aegis.Check {
		return aegis.Check{
			Kind: aegis.CheckMetric, Region: "eu-west-1", Namespace: "Aegis", Metric: name, Comparison: comparison, Threshold: 5,
		}
	}
	tests := []struct {
		check   aegis.Check
		passed  bool
		message string
	}{
		{health("aws_vpc", *vpc.Vpc.VpcId, map[string]string{"cidr": "10.0.0.0/16"}), true, "cidr is 10.0.0.0/16"},
		{health("aws_vpc", *vpc.Vpc.VpcId, map[string]string{"cidr": "10.1.0.0/16"}), false, `cidr is "10.0.0.0/16", expected "10.1.0.0/16"`},
		{health("aws_vpc", *vpc.Vpc.VpcId, map[string]string{"colour": "blue"}), false, "colour is not known"},
		{health("aws_vpc", *vpc.Vpc.VpcId, nil), true, "it exists"},
		{health("aws_autoscaling_group", "gone", nil), false, "does not exist"},
		{health("aws_kinesis_stream", "gone", nil), false, "does not exist"},
		{health("aws_s3_bucket", "gone", nil), false, "does not exist"},
		{health("aws_route53_zone", "Z0", nil), false, "does not exist"},
		{health("aws_comet", "halley", nil), false, "no way to tell the health"},
		{metric("Errors", ">"), false, "Errors is 7, which is > 5"},
		{metric("Errors", "<"), true, "Errors is 7"},
		{metric("Silence", ">"), true, "has no data"},
		{metric("Errors", "="), false, "neither > nor <"},
		{aegis.Check{Kind: "oracle"}, false, `kind "oracle" is unknown`},
		{aegis.Check{Kind: aegis.CheckHTTP, URL: "file:///etc/passwd"}, false, "not a plain http"},
	}
	var checks []aegis.Check
	for _, test := range tests {
		checks = append(checks, test.check)
	}
	for i, result := range connected.Check(t.Context(), checks) {
		require.Equal(t, tests[i].passed, result.Passed, result.Message)
		require.Contains(t, result.Message, tests[i].message)
		require.Equal(t, tests[i].check.Kind, result.Kind)
	}
}
