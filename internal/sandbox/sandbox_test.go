package sandbox_test

import (
	"net"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	account := sandboxtest.StartWithPostgres(t, "us-east-1", "eu-west-1")
	require.Equal(t, front.Fresh, account.Continuity)

	t.Run("knows its administrator in every region", func(t *testing.T) {
		t.Parallel()
		for _, region := range account.Regions {
			me, err := sts.NewFromConfig(adminConfig(account, region)).GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, "arn:aws:iam::123456789012:user/sandbox-admin", *me.Arn)
		}
	})
	t.Run("keeps regions apart", func(t *testing.T) {
		t.Parallel()
		made, err := ec2.NewFromConfig(adminConfig(account, "eu-west-1")).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.7.0.0/16")})
		require.NoError(t, err)
		_, err = ec2.NewFromConfig(adminConfig(account, "us-east-1")).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{*made.Vpc.VpcId}})
		requireCode(t, err, "InvalidVpcID.NotFound")
	})
	t.Run("refuses a region that it does not have", func(t *testing.T) {
		t.Parallel()
		_, err := ec2.NewFromConfig(adminConfig(account, "sa-east-1")).DescribeVpcs(t.Context(), nil)
		requireCode(t, err, "AuthFailure")
	})
	t.Run("lists buckets of all regions and sends to the right one", func(t *testing.T) {
		t.Parallel()
		there := s3.NewFromConfig(adminConfig(account, "eu-west-1"))
		_, err := there.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    aws.String("far"),
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
		})
		require.NoError(t, err)
		here := s3.NewFromConfig(adminConfig(account, "us-east-1"))
		all, err := here.ListBuckets(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, all.Buckets, 1)
		_, err = here.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("far")})
		requireCode(t, err, "PermanentRedirect")
	})
	t.Run("has a durable database for one user with a password", func(t *testing.T) {
		t.Parallel()
		address, err := account.DatabaseURLWithPassword()
		require.NoError(t, err)
		conn, err := pgx.Connect(t.Context(), address)
		require.NoError(t, err)
		var fsync string
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync))
		require.Equal(t, "on", fsync)
		require.NoError(t, conn.Close(t.Context()))
		_, err = pgx.Connect(t.Context(), account.DatabaseURL+"&password=wrong")
		require.ErrorContains(t, err, "password authentication failed")
	})
	t.Run("hides its secrets from logs", func(t *testing.T) {
		t.Parallel()
		require.NotContains(t, account.LogValue().String(), account.AdminSecretAccessKey)
		require.NotContains(t, account.GoString(), account.AdminSecretAccessKey)
	})
	t.Run("refuses a second supervisor", func(t *testing.T) {
		t.Parallel()
		opts := sandboxtest.Options(t)
		opts.DataDir = account.DataDir
		require.ErrorIs(t, sandbox.Supervise(t.Context(), opts), sandbox.ErrRunning)
	})
	t.Run("listens on the loopback address only", func(t *testing.T) {
		t.Parallel()
		host, _, err := net.SplitHostPort(account.AWSEndpoint[len("http://"):])
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1", host)
	})
}

func TestAttachWithoutSandbox(t *testing.T) {
	t.Parallel()
	_, err := sandbox.Attach(t.Context(), t.TempDir())
	require.ErrorIs(t, err, sandbox.ErrNotRunning)
}
