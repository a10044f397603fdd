package sandbox_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	faults := account.Faults()
	set := func(t *testing.T, f front.Fault) front.Fault {
		t.Helper()
		out, err := faults.Set(t.Context(), f)
		require.NoError(t, err)
		require.NotEmpty(t, out.ID)
		return out
	}
	vpcs := func(region string) error {
		_, err := ec2.NewFromConfig(adminConfig(account, region)).DescribeVpcs(t.Context(), nil)
		return err
	}
	t.Run("throttles in each protocol's way", func(t *testing.T) {
		t.Parallel()
		set(t, front.Fault{Service: "kinesis", Throttle: true})
		_, err := kinesis.NewFromConfig(adminConfig(account, "us-east-1")).ListStreams(t.Context(), nil)
		requireCode(t, err, "ThrottlingException")
	})
	t.Run("fails a share of one action", func(t *testing.T) {
		t.Parallel()
		set(t, front.Fault{Service: "ssm", Action: "GetParameter", ErrorRate: 1, ErrorCode: "InternalServerError", ErrorStatus: 500})
		client := ssm.NewFromConfig(adminConfig(account, "us-east-1"))
		_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: new("x")})
		requireCode(t, err, "InternalServerError")
		_, err = client.DescribeParameters(t.Context(), nil)
		require.NoError(t, err)
	})
	t.Run("takes a region away and gives it back", func(t *testing.T) {
		t.Parallel()
		f := set(t, front.Fault{Region: "eu-west-1", Unreachable: true})
		require.ErrorContains(t, vpcs("eu-west-1"), "connection reset")
		require.NoError(t, vpcs("us-east-1"))
		cleared, err := faults.Clear(t.Context(), f.ID)
		require.NoError(t, err)
		require.Equal(t, 1, cleared)
		require.NoError(t, vpcs("eu-west-1"))
	})
	t.Run("delays", func(t *testing.T) {
		t.Parallel()
		set(t, front.Fault{Service: "logs", LatencyMS: 200})
		began := time.Now()
		_, err := cloudwatchlogs.NewFromConfig(adminConfig(account, "us-east-1")).DescribeLogGroups(t.Context(), nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)
		list, err := faults.List(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, list)
	})
	t.Run("refuses nonsense", func(t *testing.T) {
		t.Parallel()
		for _, f := range []front.Fault{{}, {ErrorRate: 2}, {LatencyMS: -1}, {ErrorRate: 1, ErrorStatus: 200}} {
			_, err := faults.Set(t.Context(), f)
			require.Error(t, err)
		}
	})
}
