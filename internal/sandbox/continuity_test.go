package sandbox_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// runAccount runs an account until the returned function is called.
func runAccount(tb testing.TB, opts sandbox.Options) (account *sandbox.Account, stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- sandbox.Supervise(ctx, opts) }()
	tb.Cleanup(cancel)
	require.Eventually(tb, func() bool {
		var err error
		account, err = sandbox.Attach(tb.Context(), opts.DataDir)
		return err == nil
	}, startPatience, pollPause)
	return account, func() {
		require.NoError(tb, account.Stop(tb.Context()))
		require.NoError(tb, <-ended)
	}
}

func TestContinuity(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t, "us-east-1", "eu-west-1")
	opts.PostgresBin = ""
	before, stop := runAccount(t, opts)

	eu := adminConfig(before, "eu-west-1")
	// A read comes first: it makes the region's default VPC.
	defaults, err := ec2.NewFromConfig(eu).DescribeVpcs(t.Context(), nil)
	require.NoError(t, err)
	vpc, err := ec2.NewFromConfig(eu).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	require.NoError(t, err)
	key, err := kms.NewFromConfig(eu).CreateKey(t.Context(), nil)
	require.NoError(t, err)
	_, err = kms.NewFromConfig(eu).EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: key.KeyMetadata.KeyId, RotationPeriodInDays: aws.Int32(120)})
	require.NoError(t, err)
	_, err = s3.NewFromConfig(adminConfig(before, "us-east-1")).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("kept")})
	require.NoError(t, err)
	content := bytes.Repeat([]byte("content\x00"), 1000)
	_, err = s3.NewFromConfig(adminConfig(before, "us-east-1")).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("kept"), Key: aws.String("a key/ä"), Body: bytes.NewReader(content),
	})
	require.NoError(t, err)
	user := makeUser(t, before, "heidi", administrator, "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")
	role := makeRole(t, before, "aegis-test")
	made, err := iam.NewFromConfig(eu).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("aegis-test")})
	require.NoError(t, err)
	session, err := assume(t.Context(), autopilotConfig(before, "eu-west-1"), role, "", 0)
	require.NoError(t, err)
	events, err := before.Events(t.Context(), 0)
	require.NoError(t, err)
	stop()
	_, err = sandbox.Attach(t.Context(), opts.DataDir)
	require.ErrorIs(t, err, sandbox.ErrNotRunning)

	after, stop := runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, after.Continuity, after.ContinuityReason)
	require.Equal(t, before.AdminSecretAccessKey, after.AdminSecretAccessKey)
	require.Equal(t, before.AWSEndpoint, after.AWSEndpoint)
	found, err := ec2.NewFromConfig(eu).DescribeVpcs(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, found.Vpcs, 2)
	require.Equal(t, *defaults.Vpcs[0].VpcId, *found.Vpcs[0].VpcId)
	require.Equal(t, *vpc.Vpc.VpcId, *found.Vpcs[1].VpcId)
	rotation, err := kms.NewFromConfig(eu).GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: key.KeyMetadata.KeyId})
	require.NoError(t, err)
	require.EqualValues(t, 120, *rotation.RotationPeriodInDays)
	object, err := s3.NewFromConfig(adminConfig(after, "us-east-1")).GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String("kept"), Key: aws.String("a key/ä"),
	})
	require.NoError(t, err)
	text, err := io.ReadAll(object.Body)
	require.NoError(t, err)
	require.Equal(t, content, text)
	again, err := iam.NewFromConfig(eu).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("aegis-test")})
	require.NoError(t, err)
	require.Equal(t, *made.Role.RoleId, *again.Role.RoleId)
	require.Equal(t, *made.Role.CreateDate, *again.Role.CreateDate)
	_, err = sts.NewFromConfig(session).GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err, "a session outlives a restart")
	_, err = iam.NewFromConfig(user).ListUsers(t.Context(), nil)
	requireCode(t, err, "AccessDenied")
	kept, err := after.Events(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, events, kept)
}

func TestDivergenceIsReported(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	before, stop := runAccount(t, opts)
	_, err := ec2.NewFromConfig(adminConfig(before, "us-east-1")).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	require.NoError(t, err)
	stop()
	journal := filepath.Join(opts.DataDir, "sandbox", "journal-us-east-1.jsonl")
	text, err := os.ReadFile(journal)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(journal, bytes.Replace(text, []byte(`"status":200`), []byte(`"status":201`), 1), 0o600))

	after, stop := runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Diverged, after.Continuity)
	require.Contains(t, after.ContinuityReason, "region us-east-1, call 1")
	found, err := ec2.NewFromConfig(adminConfig(after, "us-east-1")).DescribeVpcs(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, found.Vpcs, 1, "the account begins anew")
	aside, err := filepath.Glob(journal + ".diverged-*")
	require.NoError(t, err)
	require.Len(t, aside, 1)
}

func TestTornJournal(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	_, stop := runAccount(t, opts)
	stop()
	journal, err := os.OpenFile(filepath.Join(opts.DataDir, "sandbox", "journal-us-east-1.jsonl"), os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = journal.WriteString(`{"seed":1,"service":"ec2","act`)
	require.NoError(t, err)
	require.NoError(t, journal.Close())
	after, stop := runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, after.Continuity, after.ContinuityReason)
}
