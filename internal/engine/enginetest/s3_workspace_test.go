package enginetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// bucketOf makes a bucket, and connects to the account as the product does.
func bucketOf(t *testing.T, account *sandbox.Account, bucket string) (*s3.Client, *cloud.Cloud) {
	t.Helper()
	client := s3.NewFromConfig(aws.Config{
		Region: Region, BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region},
	})
	require.NoError(t, err)
	connected, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: []string{Region}, AccountID: account.AccountID, Environment: "test",
		BaseAccessKeyID: account.AutopilotAccessKeyID, BaseSecretAccessKey: account.AutopilotSecretAccessKey,
	})
	require.NoError(t, err)
	return client, connected
}

// TestStateOfAWorkspaceInS3 keeps state and locks in a bucket of the account,
// which sessions of the product's own reach, narrowed to them.
func TestStateOfAWorkspaceInS3(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, Region)
	bucket := "workspace-states"
	client, aws := bucketOf(t, account, bucket)
	seen := &looks{paths: map[string][]engine.LookPath{}}
	y := newYard(t, func(c *engine.Config) {
		c.AWSEndpoint, c.Credentials, c.StateLock = account.AWSEndpoint, aws.Credentials, aws.StateLock
		c.ReadState, c.Looked = aws.ReadState, seen.add
	})
	run := y.workspace(t, map[string]string{"main.tf": `
terraform {
  backend "s3" {
    key          = "dns"
    use_lockfile = true
  }
}
variable "v" { default = 1 }
resource "terraform_data" "a" { input = var.v }
`})
	run.Stack.Environment = "test"
	run.Stack.Source.BackendConfig = map[string]string{"bucket": bucket, "region": Region}
	y.apply(t, &run)
	objects := func() []string {
		out, err := client.ListObjectsV2(context.WithoutCancel(t.Context()), &s3.ListObjectsV2Input{Bucket: &bucket})
		require.NoError(t, err)
		var keys []string
		for _, o := range out.Contents {
			keys = append(keys, *o.Key)
		}
		return keys
	}
	require.Equal(t, []string{"dns"}, objects(), "the state, and no lock")
	require.NotContains(t, contents(t, run.Stack.Source.Path), "/terraform.tfstate")

	look := run
	look.Policy, look.FencingToken, look.ChangeSetID = nil, 0, ""
	for range 2 {
		found, err := y.engines.Refresh(t.Context(), look)
		require.NoError(t, err)
		require.Equal(t, 1, found.ResourceCount)
	}
	require.Equal(t, []engine.LookPath{engine.LookEngine, engine.LookWarm}, seen.take(run.Stack.StackID),
		"once Terraform has looked, the state is read in the bucket")

	lock := "dns.tflock"
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &lock, Body: strings.NewReader(
		`{"ID":"6b3c2f1e-7d1a","Operation":"OperationTypeApply","Who":"ann@laptop","Created":"2026-03-01T11:48:00Z","Path":"workspace-states/dns"}`)})
	require.NoError(t, err)
	_, err = y.engines.Refresh(t.Context(), run)
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorContains(t, err, "locked by ann@laptop for ")
	run.Spec.Parameters = json.RawMessage(`{"v":2}`)
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err, "a plan that nobody applies takes no lock")
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorContains(t, err, "lock id 6b3c2f1e-7d1a")
	require.Equal(t, []string{"dns", lock}, objects(), "a foreign lock is never broken by itself")

	require.Error(t, y.engines.Unlock(t.Context(), run, "another"))
	require.Equal(t, []string{"dns", lock}, objects())
	require.NoError(t, y.engines.Unlock(t.Context(), run, "6b3c2f1e-7d1a"))
	require.Equal(t, []string{"dns"}, objects())
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.NoError(t, err)
	require.Equal(t, []string{"dns"}, objects())
}

// TestLocksInDynamoDB keeps the locks of a state in S3 in a table, as older
// configurations do.
func TestLocksInDynamoDB(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, Region)
	cfg := aws.Config{
		Region: Region, BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}
	client, table, bucket := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), dynamodb.NewFromConfig(cfg), "locked-states"
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region},
	})
	require.NoError(t, err)
	_, err = table.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("locks"), BillingMode: dynamotypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("LockID"), AttributeType: dynamotypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("LockID"), KeyType: dynamotypes.KeyTypeHash}},
	})
	require.NoError(t, err)
	connected, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: account.AWSEndpoint, Regions: []string{Region}, AccountID: account.AccountID, Environment: "test",
		BaseAccessKeyID: account.AutopilotAccessKeyID, BaseSecretAccessKey: account.AutopilotSecretAccessKey,
	})
	require.NoError(t, err)
	y := newYard(t, func(c *engine.Config) {
		c.AWSEndpoint, c.Credentials, c.StateLock = account.AWSEndpoint, connected.Credentials, connected.StateLock
	})
	run := y.workspace(t, map[string]string{"main.tf": `
terraform {
  backend "s3" {
    key            = "dns"
    dynamodb_table = "locks"
  }
}
variable "v" { default = 1 }
resource "terraform_data" "a" { input = var.v }
`})
	run.Stack.Environment = "test"
	run.Stack.Source.BackendConfig = map[string]string{"bucket": bucket, "region": Region}
	y.apply(t, &run)
	_, err = y.engines.Refresh(t.Context(), run)
	require.NoError(t, err, "the digest of the state that the table keeps is no lock")
	run.Spec.Parameters = json.RawMessage(`{"v":2}`)
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	lock := func(who string) {
		_, err := table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("locks"), Item: map[string]dynamotypes.AttributeValue{
			"LockID": &dynamotypes.AttributeValueMemberS{Value: bucket + "/dns"},
			"Info": &dynamotypes.AttributeValueMemberS{Value: `{"ID":"6b3c2f1e-7d1a","Operation":"OperationTypeApply","Who":"` + who +
				`","Created":"2026-03-01T11:48:00Z","Path":"` + bucket + `/dns"}`},
		}})
		require.NoError(t, err)
	}
	lock("ann@laptop")
	_, err = y.engines.Refresh(t.Context(), run)
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorContains(t, err, "locked by ann@laptop for ")
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorContains(t, err, "lock id 6b3c2f1e-7d1a")
	_, err = y.engines.Refresh(t.Context(), run)
	require.ErrorIs(t, err, aegis.ErrStateLocked, "a foreign lock is never broken by itself")

	sum := sha256.Sum256([]byte(run.Stack.StackID))
	lock("aegis-" + hex.EncodeToString(sum[:8]) + "-1@elsewhere")
	run.FencingToken = 2
	res, err := y.engines.Apply(t.Context(), run, plan.Digest)
	require.NoError(t, err, "one of an older lease of this stack is proven dead")
	require.Contains(t, res.Healed, "orphaned lock removed")
	_, err = y.engines.Refresh(t.Context(), run)
	require.NoError(t, err)
}

// TestStateOfAProjectInS3 keeps the state and the locks of a Pulumi project in a
// bucket.
func TestStateOfAProjectInS3(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, Region)
	bucket := "project-states"
	client, connected := bucketOf(t, account, bucket)
	y := newPulumiYard(t, func(c *engine.Config) {
		c.RemoteState = func(ctx context.Context, run aegis.StackRun) (engine.StateFiles, error) {
			return connected.StateBucket(ctx, run)
		}
	})
	run := y.project(t, "prod")
	state := filepath.Join(run.Stack.Source.Path, "state")
	put := func(key string, body []byte) {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("team/" + key), Body: bytes.NewReader(body)})
		require.NoError(t, err)
	}
	text, err := os.ReadFile(filepath.Join(state, ".pulumi/stacks/shop/prod.json"))
	require.NoError(t, err)
	put(".pulumi/stacks/shop/prod.json", text)
	run.Stack.Environment = "test"
	run.Stack.Source.BackendURL = "s3://" + bucket + "/team?region=" + Region
	y.set(t, "/prod/a", "two")
	run.Refresh = true
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	lock := ".pulumi/locks/organization/shop/prod/6b3c.json"
	put(lock, []byte(`{"pid":1,"username":"ann","hostname":"laptop","timestamp":"2026-01-01T00:00:00Z"}`))
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorContains(t, err, "ann@laptop")
	require.NoError(t, y.engines.Unlock(t.Context(), run, "6b3c"))
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.NoError(t, err)
	require.Equal(t, "one", y.value(t))
	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("team/.pulumi/locks/")})
	require.NoError(t, err)
	require.Empty(t, out.Contents, "the lock is given back")
}
