package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// adminConfig is the SDK's configuration for the account's administrator.
func adminConfig(account *sandbox.Account, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &account.AWSEndpoint,
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	account := sandboxtest.StartWithPostgres(t, "us-east-1", "eu-west-1")

	t.Run("knows its administrator", func(t *testing.T) {
		t.Parallel()
		me, err := sts.NewFromConfig(adminConfig(account, "eu-west-1")).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:iam::123456789012:user/sandbox-admin", *me.Arn)
	})
	t.Run("keeps regions apart", func(t *testing.T) {
		t.Parallel()
		made, err := ec2.NewFromConfig(adminConfig(account, "eu-west-1")).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.7.0.0/16")})
		require.NoError(t, err)
		_, err = ec2.NewFromConfig(adminConfig(account, "us-east-1")).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{*made.Vpc.VpcId}})
		require.ErrorContains(t, err, "InvalidVpcID.NotFound")
	})
	t.Run("has a database", func(t *testing.T) {
		t.Parallel()
		address, err := account.DatabaseURLWithPassword()
		require.NoError(t, err)
		conn, err := pgx.Connect(t.Context(), address)
		require.NoError(t, err)
		var fsync string
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync))
		require.Equal(t, "on", fsync)
		require.NoError(t, conn.Close(t.Context()))
	})
}
