package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cfg"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudtrail"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// auditBucket names the bucket of trail and recorder; recorderRole the role
// with which AWS Config reads.
const (
	auditBucket  = "audit-trail"
	recorderRole = "recorder"
)

// trailed says whether this stack makes the trail: one records all regions.
func trailed(s *stack, params aegis.SecuritySpec) bool {
	return params.Trail != nil && s.spec.Region == primaryRegion(s.spec)
}

// audit declares the bucket of trail and recorder with its key, and both. It
// returns what the recorder consists of.
func audit(s *stack, params aegis.SecuritySpec, boundary *iam.Policy) ([]pulumi.Resource, error) {
	key, err := key(s, "audit", params, auditKeyPolicy(s), false)
	if err != nil {
		return nil, err
	}
	bucket, open, err := auditStore(s, params, key)
	if err != nil {
		return nil, err
	}
	if trailed(s, params) {
		if err := trail(s, bucket, key, open); err != nil {
			return nil, err
		}
	}
	if params.Recorder == nil {
		return nil, nil
	}
	return recorder(s, *params.Recorder, boundary, bucket, key, open)
}

// auditKeyPolicy lets CloudTrail and AWS Config encrypt for this account.
func auditKeyPolicy(s *stack) document {
	return document{
		s.ownerStatement(),
		{
			Sid: "Trail", Effect: "Allow", Principal: principal{"Service": "cloudtrail.amazonaws.com"},
			Action: []string{"kms:DescribeKey", "kms:GenerateDataKey*"}, Resource: []string{"*"},
			Condition: condition{"StringEquals": {"aws:SourceArn": s.trailARN()}},
		},
		{
			Sid: "Recorder", Effect: "Allow", Principal: principal{"Service": "config.amazonaws.com"},
			Action: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resource: []string{"*"},
			Condition: condition{"StringEquals": {"aws:SourceAccount": s.account}},
		},
	}
}

func (s *stack) trailARN() string { return s.arn("cloudtrail", "trail/"+s.local("main")) }

// auditStore declares the bucket, and returns with it what must be there before
// anything is written to it.
func auditStore(s *stack, params aegis.SecuritySpec, key *kms.Key) (*s3.BucketV2, pulumi.ResourceOption, error) {
	days := 0
	if trailed(s, params) {
		days = params.Trail.RetentionDays
	}
	if params.Recorder != nil {
		days = max(days, params.Recorder.RetentionDays)
	}
	bucket, err := s3.NewBucketV2(s.ctx, auditBucket, &s3.BucketV2Args{
		Bucket:         pulumi.String(bucketName(s.spec.Environment, auditBucket, s.account, s.spec.Region)),
		LifecycleRules: lifecycle(aegis.BucketSpec{ExpireDays: days, NoncurrentExpireDays: days}), //nolint:staticcheck // as for the data layer's buckets
	}, s.opts()...)
	if err != nil {
		return nil, nil, err
	}
	closed, err := s3.NewBucketPublicAccessBlock(s.ctx, auditBucket, &s3.BucketPublicAccessBlockArgs{
		Bucket: bucket.Bucket, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, s.opts()...)
	if err != nil {
		return nil, nil, err
	}
	encrypted, err := s3.NewBucketServerSideEncryptionConfigurationV2(s.ctx, auditBucket, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			BucketKeyEnabled: pulumi.Bool(true),
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.Arn,
			},
		}},
	}, s.opts()...)
	if err != nil {
		return nil, nil, err
	}
	versions, err := s3.NewBucketVersioningV2(s.ctx, auditBucket, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, s.opts()...)
	if err != nil {
		return nil, nil, err
	}
	text, err := auditBucketPolicy(s).json()
	if err != nil {
		return nil, nil, err
	}
	access, err := s3.NewBucketPolicy(s.ctx, auditBucket, &s3.BucketPolicyArgs{Bucket: bucket.Bucket, Policy: pulumi.String(text)}, s.opts()...)
	s.check("bucket "+auditBucket+" exists", "aws_s3_bucket", bucket.Bucket, map[string]string{"versioning": "Enabled"})
	return bucket, pulumi.DependsOn([]pulumi.Resource{closed, encrypted, versions, access}), err
}

// auditBucketPolicy lets the two services write, TLS only, and nobody delete
// what they wrote: that is the lifecycle's alone.
func auditBucketPolicy(s *stack) document {
	bucket := "arn:aws:s3:::" + bucketName(s.spec.Environment, auditBucket, s.account, s.spec.Region)
	const acl, owners = "s3:x-amz-acl", "bucket-owner-full-control"
	trail, recorder := principal{"Service": "cloudtrail.amazonaws.com"}, principal{"Service": "config.amazonaws.com"}
	return document{
		{
			Sid: "TLSOnly", Effect: "Deny", Principal: "*", Action: []string{"s3:*"}, Resource: []string{bucket, bucket + "/*"},
			Condition: condition{"Bool": {"aws:SecureTransport": "false"}},
		},
		{
			Sid: "KeepFiles", Effect: "Deny", Principal: "*", Action: []string{"s3:DeleteObject", "s3:DeleteObjectVersion"},
			Resource: []string{bucket + "/*"},
		},
		{
			Sid: "TrailLooks", Effect: "Allow", Principal: trail, Action: []string{"s3:GetBucketAcl"},
			Resource: []string{bucket}, Condition: condition{"StringEquals": {"aws:SourceArn": s.trailARN()}},
		},
		{
			Sid: "TrailWrites", Effect: "Allow", Principal: trail, Action: []string{"s3:PutObject"},
			Resource: []string{bucket + "/AWSLogs/" + s.account + "/*"}, Condition: condition{"StringEquals": {"aws:SourceArn": s.trailARN(), acl: owners}},
		},
		{
			Sid: "RecorderLooks", Effect: "Allow", Principal: recorder, Action: []string{"s3:GetBucketAcl", "s3:ListBucket"},
			Resource: []string{bucket}, Condition: condition{"StringEquals": {"aws:SourceAccount": s.account}},
		},
		{
			Sid: "RecorderWrites", Effect: "Allow", Principal: recorder, Action: []string{"s3:PutObject"},
			Resource: []string{bucket + "/AWSLogs/" + s.account + "/Config/*"}, Condition: condition{"StringEquals": {"aws:SourceAccount": s.account, acl: owners}},
		},
	}
}

func trail(s *stack, bucket *s3.BucketV2, key *kms.Key, open pulumi.ResourceOption) error {
	trail, err := cloudtrail.NewTrail(s.ctx, "main", &cloudtrail.TrailArgs{
		Name: pulumi.String(s.local("main")), S3BucketName: bucket.Bucket, KmsKeyId: key.Arn,
		IsMultiRegionTrail: pulumi.Bool(true), IncludeGlobalServiceEvents: pulumi.Bool(true),
		EnableLogFileValidation: pulumi.Bool(true), EnableLogging: pulumi.Bool(true),
	}, s.opts(open)...)
	if err != nil {
		return err
	}
	s.output("trail_arn", trail.Arn)
	s.check("trail records", "aws_cloudtrail", trail.Arn, map[string]string{"logging": "true"})
	return nil
}

// recorder declares AWS Config's recorder, its way to the bucket, and that it
// runs. Global resources are recorded in the primary region.
func recorder(
	s *stack, spec aegis.RecorderSpec, boundary *iam.Policy, bucket *s3.BucketV2, key *kms.Key, open pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	role, err := recorderAccess(s, boundary)
	if err != nil {
		return nil, err
	}
	all, err := cfg.NewRecorder(s.ctx, "main", &cfg.RecorderArgs{
		Name: pulumi.String(s.local("main")), RoleArn: role.Arn,
		RecordingGroup: cfg.RecorderRecordingGroupArgs{
			AllSupported: pulumi.Bool(true), IncludeGlobalResourceTypes: pulumi.Bool(s.spec.Region == primaryRegion(s.spec)),
		},
		RecordingMode: cfg.RecorderRecordingModeArgs{RecordingFrequency: pulumi.String(spec.Frequency)},
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	channel, err := cfg.NewDeliveryChannel(s.ctx, "main", &cfg.DeliveryChannelArgs{
		Name: pulumi.String(s.local("main")), S3BucketName: bucket.Bucket, S3KmsKeyArn: key.Arn,
		SnapshotDeliveryProperties: cfg.DeliveryChannelSnapshotDeliveryPropertiesArgs{DeliveryFrequency: pulumi.String(snapshotFrequency(spec.SnapshotHours))},
	}, s.opts(open, pulumi.DependsOn([]pulumi.Resource{all}))...)
	if err != nil {
		return nil, err
	}
	running, err := cfg.NewRecorderStatus(s.ctx, "main", &cfg.RecorderStatusArgs{
		Name: all.Name, IsEnabled: pulumi.Bool(true),
	}, s.opts(pulumi.DependsOn([]pulumi.Resource{channel}))...)
	if err != nil {
		return nil, err
	}
	s.check("recorder runs", "aws_config_configuration_recorder", all.Name, map[string]string{"recording": "true"})
	return []pulumi.Resource{all, channel, running}, nil
}

func snapshotFrequency(hours int) string {
	return map[int]string{1: "One_Hour", 3: "Three_Hours", 6: "Six_Hours", 12: "Twelve_Hours", 24: "TwentyFour_Hours"}[hours]
}

// recorderAccess declares the role with which AWS Config reads what it records,
// within the boundary, as every role of the estate.
func recorderAccess(s *stack, boundary *iam.Policy) (*iam.Role, error) {
	trust, err := document{{
		Sid: "Service", Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: principal{"Service": "config.amazonaws.com"},
		Condition: condition{"StringEquals": {"aws:SourceAccount": s.account}},
	}}.json()
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(s.ctx, recorderRole, &iam.RoleArgs{
		Name: pulumi.String(s.inAccount(recorderRole)), AssumeRolePolicy: pulumi.String(trust), PermissionsBoundary: boundary.Arn,
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	_, err = iam.NewRolePolicyAttachment(s.ctx, recorderRole, &iam.RolePolicyAttachmentArgs{
		Role: role.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"),
	}, s.opts()...)
	return role, err
}
