package cloud_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// newCloud starts a sandbox account in two regions and connects to it.
func newCloud(t *testing.T) (*cloud.Cloud, *sandbox.Account) {
	t.Helper()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	return connect(t, account, sandbox.AccountID), account
}

func connect(t *testing.T, account *sandbox.Account, accountID string, more ...func(*cloud.Config)) *cloud.Cloud {
	t.Helper()
	config := cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: account.Regions, AccountID: accountID, Environment: "dev",
		BaseAccessKeyID: account.AutopilotAccessKeyID, BaseSecretAccessKey: account.AutopilotSecretAccessKey,
	}
	for _, change := range more {
		change(&config)
	}
	connected, err := cloud.New(t.Context(), config)
	require.NoError(t, err)
	return connected
}

// admin is the configuration of the account's administrator in a region.
func admin(account *sandbox.Account, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}
}

// as is the configuration of whoever holds keys.
func as(account *sandbox.Account, keys aegis.Credentials, region string) aws.Config {
	cfg := admin(account, region)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken)
	return cfg
}

// runOf is a run on the network stack of a region.
func runOf(region string, policy *aegis.ExecutionPolicy) aegis.StackRun {
	name := aegis.StackName{Environment: "dev", Layer: aegis.LayerNetwork, Region: region}
	return aegis.StackRun{
		ChangeSetID: "cs-1", Policy: policy,
		Stack: aegis.Stack{
			StackID: name.String(), Kind: aegis.TargetPulumiStack, Environment: "dev", Layer: aegis.LayerNetwork, Region: region,
		},
	}
}

func TestAccountID(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	id, err := connected.AccountID(t.Context())
	require.NoError(t, err)
	require.Equal(t, sandbox.AccountID, id)

	other := connect(t, account, "210987654321")
	_, err = other.AccountID(t.Context())
	require.ErrorIs(t, err, aegis.ErrForbidden)
	_, err = other.Credentials(t.Context(), runOf("us-east-1", nil))
	require.ErrorIs(t, err, aegis.ErrForbidden, "nothing is done in another account")
}

func TestReachable(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	_, err := account.Faults().Set(t.Context(), front.Fault{Region: "eu-west-1", Unreachable: true})
	require.NoError(t, err)
	require.NoError(t, connected.Reachable(t.Context(), "us-east-1"))
	err = connected.Reachable(t.Context(), "eu-west-1")
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	require.ErrorContains(t, err, "region eu-west-1 does not answer")
}

func TestNewRefusesARealAccountWithoutName(t *testing.T) {
	t.Parallel()
	_, err := cloud.New(context.Background(), cloud.Config{Regions: []string{"us-east-1"}})
	require.ErrorContains(t, err, "aws.account_id")
	_, err = cloud.New(context.Background(), cloud.Config{Endpoint: "http://127.0.0.1:1", BaseAccessKeyID: "x"})
	require.ErrorContains(t, err, "regions")
	require.ErrorContains(t, err, "an id and a secret")
}
