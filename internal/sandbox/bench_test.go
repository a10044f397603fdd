package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// BenchmarkReplay starts an account of one region from a journal of 300 calls.
func BenchmarkReplay(b *testing.B) {
	opts := sandboxtest.Options(b)
	opts.PostgresBin = ""
	account, stop := runAccount(b, opts)
	fill(b, account, 100)
	stop()
	for b.Loop() {
		_, stop := runAccount(b, opts)
		b.StopTimer()
		stop()
		b.StartTimer()
	}
}

// fill makes three resources, n times.
func fill(b *testing.B, account *sandbox.Account, n int) {
	b.Helper()
	cfg := adminConfig(account, "us-east-1")
	for i := range n {
		_, err := ec2.NewFromConfig(cfg).CreateVpc(b.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String(fmt.Sprintf("10.%d.0.0/16", i))})
		require.NoError(b, err)
		_, err = ssm.NewFromConfig(cfg).PutParameter(b.Context(), &ssm.PutParameterInput{
			Name: aws.String(fmt.Sprintf("/p/%d", i)), Value: aws.String("v"), Type: ssmtypes.ParameterTypeString,
		})
		require.NoError(b, err)
		_, err = cloudwatchlogs.NewFromConfig(cfg).CreateLogGroup(b.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(fmt.Sprintf("/l/%d", i))})
		require.NoError(b, err)
	}
}

// BenchmarkCall makes one read through the front.
func BenchmarkCall(b *testing.B) {
	account := sandboxtest.Start(b)
	client := ssm.NewFromConfig(adminConfig(account, "us-east-1"))
	for b.Loop() {
		_, err := client.DescribeParameters(b.Context(), nil)
		require.NoError(b, err)
	}
}
