package stacks

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const (
	// sharedKey is the name of the key that has one identity in all regions.
	sharedKey = "shared"
	// replicationRole is the name of the role with which S3 copies objects.
	replicationRole = "replication"
)

// replication declares what copies of things in other regions need: a key that
// is the same in all regions, and the role with which S3 copies objects.
func replication(s *stack, params aegis.SecuritySpec, boundary *iam.Policy, dataKey *kms.Key) error {
	if !params.Replicated {
		return nil
	}
	arn, err := regionsShare(s, params)
	if err != nil {
		return err
	}
	s.output("shared_key_arn", arn)
	trust, err := document{{
		Sid: "Service", Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: principal{"Service": "s3.amazonaws.com"},
		Condition: condition{"StringEquals": {"aws:SourceAccount": s.account}},
	}}.json()
	if err != nil {
		return err
	}
	role, err := iam.NewRole(s.ctx, replicationRole, &iam.RoleArgs{
		Name:                pulumi.String(s.inAccount(replicationRole)),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: boundary.Arn,
	}, s.opts()...)
	if err != nil {
		return err
	}
	s.output("replication_role_arn", role.Arn)
	_, err = iam.NewRolePolicy(s.ctx, replicationRole, &iam.RolePolicyArgs{
		Name: pulumi.String("copy"), Role: role.Name,
		Policy: dataKey.Arn.ApplyT(func(key string) (string, error) { return replicationPolicy(s, key).json() }),
	}, s.opts()...)
	return err
}

// regionsShare declares the shared key in the primary region, and its replica in
// any other.
func regionsShare(s *stack, params aegis.SecuritySpec) (pulumi.StringInput, error) {
	primary := primaryRegion(s.spec)
	if primary == s.spec.Region {
		key, err := key(s, sharedKey, params, dataKeyPolicy(s), true)
		if err != nil {
			return nil, err
		}
		return key.Arn, nil
	}
	there, err := outputsOf[SharedKeyOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, primary))
	if err != nil {
		return nil, err
	}
	text, err := dataKeyPolicy(s).json()
	if err != nil {
		return nil, err
	}
	key, err := kms.NewReplicaKey(s.ctx, sharedKey, &kms.ReplicaKeyArgs{
		PrimaryKeyArn:        pulumi.String(there.SharedKeyARN),
		Description:          pulumi.String(s.local(sharedKey)),
		DeletionWindowInDays: pulumi.Int(params.KeyDeletionWindowDays),
		Policy:               pulumi.String(text),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	s.check("key "+sharedKey+" enabled", "aws_kms_key", key.ID(), map[string]string{"key_state": "Enabled"})
	return key.Arn, alias(s, sharedKey, key.KeyId)
}

// keyIn is the shared key's ARN in another region: there it has the same identity.
func keyIn(region, arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) > 3 {
		parts[3] = region
	}
	return strings.Join(parts, ":")
}

// otherRegions are the estate's but for the stack's own.
func (s *stack) otherRegions() []string {
	return slices.DeleteFunc(slices.Clone(s.spec.Regions), func(region string) bool { return region == s.spec.Region })
}

// through names a service in regions, as KMS calls who uses a key for somebody.
func through(service string, regions []string) (names []string) {
	for _, region := range regions {
		names = append(names, service+"."+region+".amazonaws.com")
	}
	return names
}

// replicationPolicy allows S3 to read this environment's objects, and to write
// copies of them.
func replicationPolicy(s *stack, dataKey string) document {
	buckets := []string{"arn:aws:s3:::" + s.local("*")}
	objects := []string{buckets[0] + "/*"}
	return document{
		{Sid: "Settings", Effect: "Allow", Action: []string{"s3:GetReplicationConfiguration", "s3:ListBucket"}, Resource: buckets},
		{
			Sid: "Read", Effect: "Allow", Resource: objects,
			Action: []string{"s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"},
		},
		{Sid: "Copy", Effect: "Allow", Action: []string{"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"}, Resource: objects},
		{
			Sid: "Decrypt", Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{dataKey},
			Condition: condition{"StringEquals": {"kms:ViaService": through("s3", []string{s.spec.Region})}},
		},
		{
			Sid: "Encrypt", Effect: "Allow", Action: []string{"kms:Encrypt", "kms:GenerateDataKey"}, Resource: s.anyKeys(),
			Condition: condition{"StringEquals": {"kms:ViaService": through("s3", s.otherRegions())}},
		},
	}
}

// anyKeys are the account's keys: what is allowed with them depends on the region
// of the service that uses them.
func (s *stack) anyKeys() []string { return []string{"arn:aws:kms:*:" + s.account + ":key/*"} }

// replicationBoundary is what roles may do beyond their region where things are
// replicated: copy objects, use keys there by way of S3 and Secrets Manager, and
// make this region's replica of a key.
func replicationBoundary(s *stack) document {
	return document{
		{Sid: "Copy", Effect: "Allow", Action: []string{"s3:Replicate*"}, Resource: []string{"arn:aws:s3:::" + s.local("*")}},
		{
			Sid: "CopyKeys", Effect: "Allow", Resource: s.anyKeys(), Action: []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
			Condition: condition{"StringLike": {"kms:ViaService": []string{"s3.*.amazonaws.com", "secretsmanager.*.amazonaws.com"}}},
		},
		{
			Sid: "Replica", Effect: "Allow", Action: []string{"kms:ReplicateKey"},
			Resource:  []string{"arn:aws:kms:" + primaryRegion(s.spec) + ":" + s.account + ":key/mrk-*"},
			Condition: condition{"StringEquals": {"kms:ReplicaRegion": s.spec.Region}},
		},
	}
}
