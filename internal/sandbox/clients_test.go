package sandbox_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
)

// keysConfig is the SDK's configuration for any keys.
func keysConfig(account *sandbox.Account, region, id, secret string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &account.AWSEndpoint,
		Credentials:      credentials.NewStaticCredentialsProvider(id, secret, ""),
		RetryMaxAttempts: 1,
	}
}

// adminConfig is the SDK's configuration for the account's administrator.
func adminConfig(account *sandbox.Account, region string) aws.Config {
	return keysConfig(account, region, account.AdminAccessKeyID, account.AdminSecretAccessKey)
}

func autopilotConfig(account *sandbox.Account, region string) aws.Config {
	return keysConfig(account, region, account.AutopilotAccessKeyID, account.AutopilotSecretAccessKey)
}

// requireCode checks the code of an API's error.
func requireCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	require.Equal(t, code, api.ErrorCode())
}

// makeUser makes a user with an inline policy and returns its configuration.
func makeUser(t *testing.T, account *sandbox.Account, name, document, boundary string) aws.Config {
	t.Helper()
	client := iam.NewFromConfig(adminConfig(account, "us-east-1"))
	in := &iam.CreateUserInput{UserName: &name}
	if boundary != "" {
		in.PermissionsBoundary = &boundary
	}
	_, err := client.CreateUser(t.Context(), in)
	require.NoError(t, err)
	_, err = client.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: &document})
	require.NoError(t, err)
	made, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	require.NoError(t, err)
	return keysConfig(account, "us-east-1", *made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey)
}

const administrator = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// makeRole makes a role that trusts the account and may do everything.
func makeRole(t *testing.T, account *sandbox.Account, name string) string {
	t.Helper()
	client := iam.NewFromConfig(adminConfig(account, "us-east-1"))
	made, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}`,
	)})
	require.NoError(t, err)
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: aws.String(administrator)})
	require.NoError(t, err)
	return *made.Role.Arn
}

// assume assumes a role with an optional session policy.
func assume(ctx context.Context, cfg aws.Config, role, policy string, seconds int32) (aws.Config, error) {
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")}
	if policy != "" {
		in.Policy = &policy
	}
	if seconds != 0 {
		in.DurationSeconds = &seconds
	}
	got, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in)
	if err != nil {
		return aws.Config{}, errors.Join(err)
	}
	out := cfg.Copy()
	out.Credentials = credentials.NewStaticCredentialsProvider(
		*got.Credentials.AccessKeyId, *got.Credentials.SecretAccessKey, *got.Credentials.SessionToken)
	return out, nil
}
