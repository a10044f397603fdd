package stacks_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// TestStoresPolicySuffices has somebody with that policy and no other use the
// stores as the control plane does.
func TestStoresPolicySuffices(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1")
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}
	var text string
	for _, policy := range of(t, declare(t, specOf(t, aegis.LayerSecurity, `{"stores":{"bucket":"artifacts","prefix":"control","stream":"events"}}`)), "aws_iam_policy") {
		if policy.name == "stores" {
			text = policy.inputs["policy"].StringValue()
		}
	}
	users := iam.NewFromConfig(cfg)
	name := aws.String("control-plane")
	_, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
	require.NoError(t, err)
	_, err = users.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("stores"), PolicyDocument: &text})
	require.NoError(t, err)
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	require.NoError(t, err)
	bucket := "aegis-dev-artifacts-" + sandbox.AccountID + "-us-east-1"
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
	require.NoError(t, err)
	streams := kinesis.NewFromConfig(cfg)
	for _, stream := range []string{"aegis-dev-events", "aegis-dev-others"} {
		_, err = streams.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(1)})
		require.NoError(t, err)
		require.NoError(t, kinesis.NewStreamExistsWaiter(streams, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = 50 * time.Millisecond }).
			Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: &stream}, time.Minute))
	}

	plane, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: []string{"us-east-1"}, AccountID: sandbox.AccountID,
		BaseAccessKeyID: *key.AccessKey.AccessKeyId, BaseSecretAccessKey: *key.AccessKey.SecretAccessKey,
	})
	require.NoError(t, err)
	artifacts, err := plane.Bucket("s3://" + bucket + "/control?region=us-east-1")
	require.NoError(t, err)
	require.NoError(t, artifacts.Write(t.Context(), "archives/a", []byte("text")))
	data, err := artifacts.Read(t.Context(), "archives/a")
	require.NoError(t, err)
	require.Equal(t, "text", string(data))
	keys, err := artifacts.List(t.Context(), "archives/")
	require.NoError(t, err)
	require.Equal(t, []string{"archives/a"}, keys)
	_, err = artifacts.Read(t.Context(), "archives/none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.NoError(t, artifacts.Remove(t.Context(), "archives/a"))

	others, err := plane.Bucket("s3://" + bucket + "/others?region=us-east-1")
	require.NoError(t, err)
	require.ErrorContains(t, others.Write(t.Context(), "a", nil), "AccessDenied")
	_, err = others.Read(t.Context(), "a")
	require.ErrorContains(t, err, "AccessDenied")
	_, err = others.List(t.Context(), "")
	require.ErrorContains(t, err, "AccessDenied")

	events := []aegis.Event{{Seq: 1, Kind: "goal", ID: "g", Type: "goal.accepted", Data: json.RawMessage(`{}`)}}
	stream, err := plane.EventStream("arn:aws:kinesis:us-east-1:" + sandbox.AccountID + ":stream/aegis-dev-events")
	require.NoError(t, err)
	require.NoError(t, stream.Send(t.Context(), events))
	stream, err = plane.EventStream("arn:aws:kinesis:us-east-1:" + sandbox.AccountID + ":stream/aegis-dev-others")
	require.NoError(t, err)
	require.ErrorContains(t, stream.Send(t.Context(), events), "AccessDenied")
}
