package sandbox_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// twoRegions is an account in which a thing of one region has a copy in another.
func twoRegions(t *testing.T) (opts sandbox.Options, here, there string) {
	t.Helper()
	opts = sandboxtest.Options(t, "us-east-1", "eu-west-1")
	opts.PostgresBin = ""
	return opts, "us-east-1", "eu-west-1"
}

func TestKeysHaveReplicas(t *testing.T) {
	t.Parallel()
	opts, here, there := twoRegions(t)
	account, stop := runAccount(t, opts)
	client := func(region string) *kms.Client { return kms.NewFromConfig(adminConfig(account, region)) }
	replicate := func(id *string, region string) error {
		_, err := client(here).ReplicateKey(t.Context(), &kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: &region})
		return err
	}
	plain, err := client(here).CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	requireCode(t, replicate(plain.KeyMetadata.KeyId, there), "UnsupportedOperationException")
	primary, err := client(here).CreateKey(t.Context(), &kms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	require.NoError(t, err)
	id := primary.KeyMetadata.KeyId
	requireCode(t, replicate(id, here), "ValidationException")
	requireCode(t, replicate(id, "mars-1"), "ValidationException")
	requireCode(t, replicate(aws.String("mrk-none"), there), "NotFoundException")
	require.NoError(t, replicate(id, there))
	requireCode(t, replicate(id, there), "AlreadyExistsException")
	sealed, err := client(here).Encrypt(t.Context(), &kms.EncryptInput{KeyId: id, Plaintext: []byte("hello")})
	require.NoError(t, err)
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	for region, kind := range map[string]string{here: "PRIMARY", there: "REPLICA"} {
		found, err := client(region).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
		require.NoError(t, err)
		configuration := found.KeyMetadata.MultiRegionConfiguration
		require.Equal(t, kind, string(configuration.MultiRegionKeyType))
		require.Equal(t, *primary.KeyMetadata.Arn, *configuration.PrimaryKey.Arn)
		require.Len(t, configuration.ReplicaKeys, 1)
		require.Equal(t, there, *configuration.ReplicaKeys[0].Region)
	}
	opened, err := client(there).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	require.NoError(t, err)
	require.Equal(t, "hello", string(opened.Plaintext), "what one region encrypts another decrypts")
}

func TestSecretsHaveReplicas(t *testing.T) {
	t.Parallel()
	opts, here, there := twoRegions(t)
	account, stop := runAccount(t, opts)
	client := func(region string) *secretsmanager.Client {
		return secretsmanager.NewFromConfig(adminConfig(account, region))
	}
	name := aws.String("token")
	create := func(replica secrettypes.ReplicaRegionType) error {
		_, err := client(here).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: name, SecretString: aws.String("first"), AddReplicaRegions: []secrettypes.ReplicaRegionType{replica},
		})
		return err
	}
	requireCode(t, create(secrettypes.ReplicaRegionType{Region: aws.String("mars-1")}), "InvalidParameterException")
	requireCode(t, create(secrettypes.ReplicaRegionType{Region: &there, KmsKeyId: aws.String("alias/none")}), "InvalidParameterException")
	require.NoError(t, create(secrettypes.ReplicaRegionType{Region: &there}))
	value := func(region string, id *string) string {
		found, err := client(region).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: id})
		require.NoError(t, err)
		return *found.SecretString
	}
	require.Equal(t, "first", value(there, name))
	_, err := client(here).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("second")})
	require.NoError(t, err)
	_, err = client(there).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("third")})
	require.Error(t, err, "a replica is only read")
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	listed, err := client(there).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	require.NoError(t, err)
	require.Len(t, listed.SecretList, 1)
	require.Contains(t, *listed.SecretList[0].ARN, ":"+there+":")
	require.Equal(t, "second", value(there, listed.SecretList[0].ARN))

	_, err = client(here).RemoveRegionsFromReplication(t.Context(), &secretsmanager.RemoveRegionsFromReplicationInput{
		SecretId: name, RemoveReplicaRegions: []string{there},
	})
	require.NoError(t, err)
	_, err = client(there).DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: name})
	requireCode(t, err, "ResourceNotFoundException")
}

func TestBucketsAreReplicated(t *testing.T) {
	t.Parallel()
	opts, here, there := twoRegions(t)
	account, stop := runAccount(t, opts)
	client := func(region string) *s3.Client {
		return s3.NewFromConfig(adminConfig(account, region), func(o *s3.Options) { o.UsePathStyle = true })
	}
	source, copies := aws.String("aegis-source"), aws.String("aegis-copies")
	replicate := func() error {
		_, err := client(here).PutBucketReplication(t.Context(), &s3.PutBucketReplicationInput{
			Bucket: source, ReplicationConfiguration: &s3types.ReplicationConfiguration{
				Role: aws.String("arn:aws:iam::" + sandbox.AccountID + ":role/copy"),
				Rules: []s3types.ReplicationRule{{
					ID: aws.String("all"), Priority: aws.Int32(0), Status: s3types.ReplicationRuleStatusEnabled,
					Filter:                  &s3types.ReplicationRuleFilter{Prefix: aws.String("kept/")},
					DeleteMarkerReplication: &s3types.DeleteMarkerReplication{Status: s3types.DeleteMarkerReplicationStatusEnabled},
					Destination:             &s3types.Destination{Bucket: aws.String("arn:aws:s3:::" + *copies)},
				}},
			},
		})
		return err
	}
	for region, bucket := range map[string]*string{here: source, there: copies} {
		in := &s3.CreateBucketInput{Bucket: bucket}
		if region != here {
			in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
		}
		_, err := client(region).CreateBucket(t.Context(), in)
		require.NoError(t, err)
		requireCode(t, replicate(), "InvalidRequest")
		_, err = client(region).PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
			Bucket: bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
		})
		require.NoError(t, err)
	}
	_, err := client(here).GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: source})
	requireCode(t, err, "ReplicationConfigurationNotFoundError")
	require.NoError(t, replicate())
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	found, err := client(here).GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: source})
	require.NoError(t, err)
	require.Equal(t, "kept/", *found.ReplicationConfiguration.Rules[0].Filter.Prefix)
	for _, key := range []string{"kept/a b", "other"} {
		_, err := client(here).PutObject(t.Context(), &s3.PutObjectInput{Bucket: source, Key: aws.String(key), Body: strings.NewReader("text of " + key)})
		require.NoError(t, err)
	}
	require.Equal(t, "text of kept/a b", objectText(t.Context(), t, client(there), *copies, "kept/a b"))
	_, err = client(there).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: copies, Key: aws.String("other")})
	require.Error(t, err, "it is not what the rule is about")
	_, err = client(here).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: source, Key: aws.String("kept/a b")})
	require.NoError(t, err)
	_, err = client(there).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: copies, Key: aws.String("kept/a b")})
	require.Error(t, err, "its deletion is copied")

	_, err = client(here).DeleteBucketReplication(t.Context(), &s3.DeleteBucketReplicationInput{Bucket: source})
	require.NoError(t, err)
	_, err = client(here).GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: source})
	requireCode(t, err, "ReplicationConfigurationNotFoundError")
}

func objectText(ctx context.Context, t *testing.T, client *s3.Client, bucket, key string) string {
	t.Helper()
	found, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	require.NoError(t, err)
	text, err := io.ReadAll(found.Body)
	require.NoError(t, err)
	require.NoError(t, found.Body.Close())
	return string(text)
}
