package stacks_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/stacks"
)

// Two regions have one key; a secret and a bucket of the first are copied to the
// second, each by the session that a change set of its layer has.
func TestCopiesInAnotherRegionLive(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1"}
	a := newAccount(t, regions...)
	l := newLife(t, a)
	specs, err := stacks.Plan{Size: stacks.SizeSmall, Environment: "dev", Regions: regions, Layers: map[string]json.RawMessage{
		aegis.LayerSecurity: json.RawMessage(`{"replicated":true}`),
	}, Stacks: map[string]json.RawMessage{
		"dev.data.us-east-1": json.RawMessage(`{"secrets":{"token":{"recovery_days":7,"replica_regions":["eu-west-1"]}}}`),
		"dev.edge.us-east-1": json.RawMessage(`{"replicated_buckets":{"artifacts":["eu-west-1"]}}`),
	}}.Specs()
	require.NoError(t, err)
	made := map[string]aegis.Spec{}
	for _, spec := range specs {
		id := stacks.StackID(spec)
		if spec.Layer == aegis.LayerSecurity || spec.Layer == aegis.LayerData || id == "dev.edge.us-east-1" {
			for _, needed := range stacks.DependsOn(spec) {
				require.Contains(t, made, needed, "%s comes after it", id)
			}
			l.make(t, spec)
			made[id] = spec
		}
	}
	for _, id := range []string{"dev.security.eu-west-1", "dev.data.us-east-1", "dev.edge.us-east-1"} {
		l.still(t, made[id])
	}

	bucket := func(region string) string { return "aegis-dev-artifacts-" + sandbox.AccountID + "-" + region }
	replication, err := s3.NewFromConfig(a.admin("us-east-1"), func(o *s3.Options) { o.UsePathStyle = true }).
		GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: aws.String(bucket("us-east-1"))})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:s3:::"+bucket("eu-west-1"), *replication.ReplicationConfiguration.Rules[0].Destination.Bucket)
	key, err := kms.NewFromConfig(a.admin("eu-west-1")).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/aegis-dev-shared")})
	require.NoError(t, err)
	require.Contains(t, *key.KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn, ":us-east-1:")
	secret, err := secretsmanager.NewFromConfig(a.admin("eu-west-1")).DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("aegis-dev-token")})
	require.NoError(t, err)
	require.Equal(t, *key.KeyMetadata.Arn, *secret.KmsKeyId)
	require.Equal(t, "us-east-1", *secret.PrimaryRegion)

	alone := patched(t, made["dev.data.us-east-1"], `{"secrets":{"token":{"replica_regions":null}}}`)
	l.make(t, alone)
	l.still(t, alone)
	l.end(t, made["dev.edge.us-east-1"])
	l.end(t, alone)
	l.end(t, made["dev.data.eu-west-1"])
	l.end(t, made["dev.security.eu-west-1"])
}
