package cloud_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestObject(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	connected, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: account.Regions, AccountID: sandbox.AccountID,
		BaseAccessKeyID: account.AdminAccessKeyID, BaseSecretAccessKey: account.AdminSecretAccessKey,
	})
	require.NoError(t, err)
	client := s3.NewFromConfig(admin(account, "eu-west-1"), func(o *s3.Options) { o.UsePathStyle = true })
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String("policies"),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	require.NoError(t, err)
	put := func(body string) {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("policies"), Key: aws.String("acme/b.tar.gz"), Body: strings.NewReader(body),
		})
		require.NoError(t, err)
	}
	read, err := connected.Object("s3://policies/acme/b.tar.gz?region=eu-west-1", 10)
	require.NoError(t, err)

	_, _, err = read(t.Context(), "")
	require.ErrorContains(t, err, "s3://policies/acme/b.tar.gz")
	put("one")
	body, version, err := read(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, "one", string(body))
	body, same, err := read(t.Context(), version)
	require.NoError(t, err)
	require.Nil(t, body, "it was not modified")
	require.Equal(t, version, same)
	put("two")
	body, _, err = read(t.Context(), version)
	require.NoError(t, err)
	require.Equal(t, "two", string(body))
	put("longer than ten")
	_, _, err = read(t.Context(), version)
	require.ErrorContains(t, err, "larger than 10 bytes")

	for _, address := range []string{"", "s3://", "s3://bucket", "https://bucket/key", "s3:///key"} {
		_, err := connected.Object(address, 10)
		require.ErrorIs(t, err, aegis.ErrInvalid, address)
	}
}
