package enginetest

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// TestStateInAWS keeps state in S3 and encrypts its secrets with KMS, as the
// Pulumi CLI reaches both through the sandbox's front.
func TestStateInAWS(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, Region)
	b := awsBed(t, account)
	plan, res := b.apply(t)
	require.Equal(t, aegis.ActionCreate, actions(plan.Changes)[b.Setting("a")])
	require.Equal(t, 3, res.ResourceCount)
	require.Equal(t, aegis.Masked, res.Outputs["password"])
	b.want.Settings["a"] = "two"
	plan, _ = b.apply(t)
	require.Equal(t, map[string]aegis.Action{b.Setting("a"): aegis.ActionUpdate}, actions(plan.Changes))
	snap, err := b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err)
	require.NotContains(t, string(snap.Data), b.want.Password)
	require.Contains(t, string(snap.Data), "awskms://", "KMS encrypts the secrets in it")

	b.run.Destroy = true
	plan = b.preview(t)
	require.Len(t, plan.Changes, 3)
	require.NoError(t, b.engines.Destroy(t.Context(), b.run, plan.Digest))
	require.Empty(t, b.Cloud.Parameter(t, b.want.Prefix+"/a"))
}

// awsBed is a stack whose state is in a bucket of the account.
func awsBed(t *testing.T, account *sandbox.Account) *bed {
	t.Helper()
	cfg := aws.Config{
		Region: Region, BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AutopilotAccessKeyID, account.AutopilotSecretAccessKey, ""),
	}
	key, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	bucket := "aegis-state"
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region},
	})
	require.NoError(t, err)

	p := newPlace(t, &Cloud{URL: account.AWSEndpoint})
	c, err := p.config(t.Context())
	require.NoError(t, err)
	c.States, c.Snapshots, c.PGPassFile, c.PassphraseFile = nil, nil, "", ""
	place := url.Values{"region": {Region}, "endpoint": {account.AWSEndpoint}}
	c.SecretsProvider = "awskms:///" + aws.ToString(key.KeyMetadata.Arn) + "?" + place.Encode()
	place.Set("s3ForcePathStyle", "true")
	c.BackendURL = "s3://" + bucket + "?" + place.Encode()
	c.AccountID = account.AccountID
	c.Credentials = func(ctx context.Context, _ aegis.StackRun) (aegis.Credentials, error) {
		return autopilot(account), ctx.Err()
	}
	c.BackendCredentials = func(ctx context.Context) (aegis.Credentials, error) { return autopilot(account), ctx.Err() }
	e, err := engine.New(c)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	b := &bed{
		Subject: Subject{
			Cloud:   &Cloud{SSM: ssm.NewFromConfig(cfg)},
			Setting: func(name string) string { return "aws_ssm_parameter::" + name },
		},
		engines: e,
		want: Parameters{
			Prefix: "/s3", Settings: map[string]string{"a": "one"}, Password: "sw0rdfish-s3",
			LogGroups: map[string]string{"l": "/s3/l"}, Retention: 7,
		},
	}
	b.run = aegis.StackRun{
		Stack:       aegis.Stack{StackID: strings.Join([]string{"test", "s3", Region}, "."), Kind: aegis.TargetPulumiStack, Region: Region},
		ChangeSetID: "cs-1", FencingToken: 1,
		Policy: &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{Region}}},
	}
	return b
}

// autopilot is the base identity, as whom the state is kept.
func autopilot(account *sandbox.Account) aegis.Credentials {
	return aegis.Credentials{
		AccessKeyID: account.AutopilotAccessKeyID, SecretAccessKey: account.AutopilotSecretAccessKey,
		Expires: time.Now().Add(time.Hour),
	}
}
