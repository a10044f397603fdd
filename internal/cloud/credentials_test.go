package cloud_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestCredentialsAreNarrowed(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	createVPC := func(keys aegis.Credentials, region string) error {
		_, err := ec2.NewFromConfig(as(account, keys, region)).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
		return err
	}

	reading, err := connected.Credentials(t.Context(), runOf("eu-west-1", nil))
	require.NoError(t, err)
	_, err = ec2.NewFromConfig(as(account, reading, "eu-west-1")).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	require.NoError(t, err)
	require.ErrorContains(t, createVPC(reading, "eu-west-1"), "UnauthorizedOperation", "planning only reads")

	writing, err := connected.Credentials(t.Context(), runOf("eu-west-1", &aegis.ExecutionPolicy{
		NetworkScope: aegis.NetworkScope{Regions: []string{"eu-west-1"}, Services: []string{"ec2"}},
	}))
	require.NoError(t, err)
	require.NoError(t, createVPC(writing, "eu-west-1"))
	require.ErrorContains(t, createVPC(writing, "us-east-1"), "UnauthorizedOperation", "another region")
	_, err = s3.NewFromConfig(as(account, writing, "eu-west-1"), func(o *s3.Options) { o.UsePathStyle = true }).
		CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("aegis-dev-other-service")})
	require.ErrorContains(t, err, "AccessDenied", "another service")

	caller, err := sts.NewFromConfig(as(account, writing, "us-east-1")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	require.Contains(t, *caller.Arn, "/aegis-cs-1", "the session names the change set")
}

func TestCredentialsAreReused(t *testing.T) {
	t.Parallel()
	connected, _ := newCloud(t)
	first, err := connected.Credentials(t.Context(), runOf("eu-west-1", nil))
	require.NoError(t, err)
	require.WithinRange(t, first.Expires, time.Now().Add(15*time.Minute), time.Now().Add(61*time.Minute))
	second, err := connected.Credentials(t.Context(), runOf("eu-west-1", nil))
	require.NoError(t, err)
	require.Equal(t, first.AccessKeyID, second.AccessKeyID)
	other, err := connected.Credentials(t.Context(), runOf("us-east-1", nil))
	require.NoError(t, err)
	require.NotEqual(t, first.AccessKeyID, other.AccessKeyID, "another region is another scope")
}

func TestCredentialsOutsideOfThePolicyAreRefused(t *testing.T) {
	t.Parallel()
	connected, _ := newCloud(t)
	_, err := connected.Credentials(t.Context(), runOf("eu-west-1", &aegis.ExecutionPolicy{
		NetworkScope: aegis.NetworkScope{Regions: []string{"us-east-1"}},
	}))
	require.ErrorIs(t, err, aegis.ErrForbidden)
}
