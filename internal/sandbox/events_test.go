package sandbox_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// trail reads all events since the one numbered after.
func trail(t *testing.T, account *sandbox.Account, after int64) []map[string]any {
	t.Helper()
	records, err := account.Events(t.Context(), after)
	require.NoError(t, err)
	var events []map[string]any
	for _, r := range records {
		var e map[string]any
		require.NoError(t, json.Unmarshal(r.Event, &e))
		events = append(events, e)
	}
	return events
}

func TestEvents(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	admin := adminConfig(account, "us-east-1")
	role := makeRole(t, account, "aegis-test")
	cfg, err := assume(t.Context(), autopilotConfig(account, "us-east-1"), role, "", 0)
	require.NoError(t, err)
	before, err := account.Events(t.Context(), 0)
	require.NoError(t, err)
	last := before[len(before)-1].Seq

	made, err := ec2.NewFromConfig(cfg).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("web"), Description: aws.String("d"),
		TagSpecifications: []types.TagSpecification{{ResourceType: "security-group", Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("c")}}}},
	})
	require.NoError(t, err)
	_, err = ec2.NewFromConfig(cfg).DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: aws.String("sg-absent")})
	requireCode(t, err, "InvalidGroup.NotFound")
	_, err = ssm.NewFromConfig(admin).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/p"), Value: aws.String("hush"), Type: ssmtypes.ParameterTypeSecureString,
	})
	require.NoError(t, err)
	_, err = s3.NewFromConfig(admin).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")})
	require.NoError(t, err)
	// Reads and data are not recorded.
	_, err = ec2.NewFromConfig(cfg).DescribeVpcs(t.Context(), nil)
	require.NoError(t, err)
	_, err = s3.NewFromConfig(admin).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")})
	require.NoError(t, err)
	_, err = kinesis.NewFromConfig(admin).PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), Data: []byte("x"), PartitionKey: aws.String("p")})
	requireCode(t, err, "ResourceNotFoundException")

	events := trail(t, account, last)
	require.Len(t, events, 4)
	create, failed, put, bucket := events[0], events[1], events[2], events[3]

	require.Equal(t, "CreateSecurityGroup", create["eventName"])
	require.Equal(t, "ec2.amazonaws.com", create["eventSource"])
	require.Equal(t, "us-east-1", create["awsRegion"])
	require.Equal(t, "127.0.0.1", create["sourceIPAddress"])
	require.Equal(t, false, create["readOnly"])
	require.Equal(t, "123456789012", create["recipientAccountId"])
	identity, _ := create["userIdentity"].(map[string]any)
	require.Equal(t, "AssumedRole", identity["type"])
	require.Equal(t, "arn:aws:sts::123456789012:assumed-role/aegis-test/test", identity["arn"])
	session, _ := identity["sessionContext"].(map[string]any)
	issuer, _ := session["sessionIssuer"].(map[string]any)
	require.Equal(t, role, issuer["arn"])
	parameters, _ := create["requestParameters"].(map[string]any)
	require.Equal(t, "web", parameters["groupName"])
	elements, _ := create["responseElements"].(map[string]any)
	require.Equal(t, *made.GroupId, elements["groupId"])

	require.Equal(t, "InvalidGroup.NotFound", failed["errorCode"])
	require.Nil(t, failed["responseElements"])

	identity, _ = put["userIdentity"].(map[string]any)
	require.Equal(t, "IAMUser", identity["type"])
	require.Equal(t, account.AdminAccessKeyID, identity["accessKeyId"])
	parameters, _ = put["requestParameters"].(map[string]any)
	require.Equal(t, "/p", parameters["name"])
	require.Equal(t, "***", parameters["value"])

	require.Equal(t, "CreateBucket", bucket["eventName"])
	parameters, _ = bucket["requestParameters"].(map[string]any)
	require.Equal(t, "bucket", parameters["bucketName"])
}
