package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

func buckets(s *stack, keyARN string, buckets map[string]aegis.BucketSpec) error {
	names := pulumi.StringMap{}
	for _, name := range sortedKeys(buckets) {
		bucket, err := bucket(s, name, keyARN, buckets[name])
		if err != nil {
			return err
		}
		names[name] = bucket.Bucket
		s.check("bucket "+name+" exists", "aws_s3_bucket", bucket.Bucket, map[string]string{"versioning": "Enabled"})
	}
	s.output("bucket_names", names)
	return nil
}

// bucket declares an encrypted, versioned bucket that is closed to the public
// and speaks TLS only.
func bucket(s *stack, name, keyARN string, spec aegis.BucketSpec) (*s3.BucketV2, error) {
	bucket, err := s3.NewBucketV2(s.ctx, name, &s3.BucketV2Args{
		Bucket:            pulumi.String(s.bucketName(name)),
		LifecycleRules:    lifecycle(spec), //nolint:staticcheck // the resource that replaces it waits 50 s at each change
		ObjectLockEnabled: locked(spec),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(s.ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, s.opts()...); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(s.ctx, name, encryption(bucket, keyARN), s.opts()...); err != nil {
		return nil, err
	}
	versioning, err := s3.NewBucketVersioningV2(s.ctx, name, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	if err := objectLock(s, name, bucket, versioning, spec.Lock); err != nil {
		return nil, err
	}
	return bucket, tlsOnly(s, name, bucket)
}

// bucketName is unique among all accounts; that of an imported bucket is its own.
func (s *stack) bucketName(name string) string {
	return s.imports.id("aws_s3_bucket", name, bucketName(s.spec.Environment, name, s.account, s.spec.Region))
}

func encryption(bucket *s3.BucketV2, keyARN string) *s3.BucketServerSideEncryptionConfigurationV2Args {
	return &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
			s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
				BucketKeyEnabled: pulumi.Bool(true),
				ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
					SseAlgorithm:   pulumi.String("aws:kms"),
					KmsMasterKeyId: pulumi.String(keyARN),
				},
			},
		},
	}
}

// locked is true for a bucket with object lock, and absent for any other.
func locked(spec aegis.BucketSpec) pulumi.BoolPtrInput {
	if spec.Lock == nil {
		return nil
	}
	return pulumi.Bool(true)
}

// objectLock keeps versions from being deleted, which needs versions.
func objectLock(s *stack, name string, bucket *s3.BucketV2, versioning *s3.BucketVersioningV2, lock *aegis.ObjectLockSpec) error {
	if lock == nil {
		return nil
	}
	_, err := s3.NewBucketObjectLockConfigurationV2(s.ctx, name, &s3.BucketObjectLockConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rule: s3.BucketObjectLockConfigurationV2RuleArgs{
			DefaultRetention: s3.BucketObjectLockConfigurationV2RuleDefaultRetentionArgs{
				Mode: pulumi.String(strings.ToUpper(lock.Mode)), Days: pulumi.Int(lock.Days),
			},
		},
	}, s.opts(pulumi.DependsOn([]pulumi.Resource{versioning}))...)
	return err
}

// lifecycle deletes old versions, moves and deletes current objects when asked to, and the parts
// of uploads that were never finished.
func lifecycle(spec aegis.BucketSpec) s3.BucketV2LifecycleRuleArray {
	var transitions s3.BucketV2LifecycleRuleTransitionArray
	rule := s3.BucketV2LifecycleRuleArgs{
		Id:                                 pulumi.String("expire"),
		Enabled:                            pulumi.Bool(true),
		AbortIncompleteMultipartUploadDays: pulumi.Int(7),
		NoncurrentVersionExpirations: s3.BucketV2LifecycleRuleNoncurrentVersionExpirationArray{
			s3.BucketV2LifecycleRuleNoncurrentVersionExpirationArgs{Days: pulumi.Int(spec.NoncurrentExpireDays)},
		},
	}
	for _, class := range []struct {
		name string
		days int
	}{{"STANDARD_IA", spec.InfrequentDays}, {"GLACIER_IR", spec.ArchiveDays}} {
		if class.days > 0 {
			transitions = append(transitions, s3.BucketV2LifecycleRuleTransitionArgs{
				Days: pulumi.Int(class.days), StorageClass: pulumi.String(class.name),
			})
		}
	}
	if len(transitions) > 0 {
		rule.Transitions = transitions
	}
	if spec.ExpireDays > 0 {
		rule.Expirations = s3.BucketV2LifecycleRuleExpirationArray{
			s3.BucketV2LifecycleRuleExpirationArgs{Days: pulumi.Int(spec.ExpireDays)},
		}
	}
	return s3.BucketV2LifecycleRuleArray{rule}
}

// tlsOnly refuses requests without TLS.
func tlsOnly(s *stack, name string, bucket *s3.BucketV2) error {
	arn := "arn:aws:s3:::" + s.bucketName(name)
	text, err := document{{
		Sid: "TLSOnly", Effect: "Deny", Principal: "*", Action: []string{"s3:*"},
		Resource:  []string{arn, arn + "/*"},
		Condition: condition{"Bool": {"aws:SecureTransport": "false"}},
	}}.json()
	if err != nil {
		return err
	}
	_, err = s3.NewBucketPolicy(s.ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket, Policy: pulumi.String(text),
	}, s.opts()...)
	return err
}
