package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// replicateBuckets has S3 copy what is put into this region's buckets to those of
// the same name in other regions. It is this layer's, for it comes after the
// data stacks of all regions, which have the buckets.
func replicateBuckets(s *stack, replicated map[string][]string) error {
	if len(replicated) == 0 {
		return nil
	}
	own, err := outputsOf[ReplicationOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region))
	if err != nil {
		return err
	}
	here, err := outputsOf[BucketOutputs](s, stackID(s.spec.Environment, aegis.LayerData, s.spec.Region))
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(replicated) {
		var rules s3.BucketReplicationConfigRuleArray
		for i, region := range replicated[name] {
			rule, err := replicationRule(s, name, region, i)
			if err != nil {
				return err
			}
			rules = append(rules, rule)
		}
		if _, err := s3.NewBucketReplicationConfig(s.ctx, name, &s3.BucketReplicationConfigArgs{
			Bucket: pulumi.String(here.BucketNames[name]), Role: pulumi.String(own.ReplicationRoleARN), Rules: rules,
		}, s.opts()...); err != nil {
			return err
		}
	}
	return nil
}

// replicationRule copies all objects, and their deletion, to a region's bucket,
// encrypted with that region's key.
func replicationRule(s *stack, name, region string, priority int) (rule s3.BucketReplicationConfigRuleArgs, err error) {
	keys, err := outputsOf[SecurityOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, region))
	if err != nil {
		return rule, err
	}
	there, err := outputsOf[BucketOutputs](s, stackID(s.spec.Environment, aegis.LayerData, region))
	if err != nil {
		return rule, err
	}
	return s3.BucketReplicationConfigRuleArgs{
		Id:       pulumi.String(region),
		Priority: pulumi.Int(priority),
		Status:   pulumi.String("Enabled"),
		Filter:   s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
		DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{
			Status: pulumi.String("Enabled"),
		},
		SourceSelectionCriteria: s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs{
			SseKmsEncryptedObjects: s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs{Status: pulumi.String("Enabled")},
		},
		Destination: s3.BucketReplicationConfigRuleDestinationArgs{
			Bucket: pulumi.String("arn:aws:s3:::" + there.BucketNames[name]),
			EncryptionConfiguration: s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs{
				ReplicaKmsKeyId: pulumi.String(keys.DataKeyARN),
			},
		},
	}, nil
}
