package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// security declares the keys and the IAM roles of one region.
func security(s *stack, params aegis.SecuritySpec) error {
	dataKey, err := key(s, "data", params, dataKeyPolicy(s), false)
	if err != nil {
		return err
	}
	logsKey, err := key(s, "logs", params, logsKeyPolicy(s), false)
	if err != nil {
		return err
	}
	s.output("data_key_arn", dataKey.Arn)
	s.output("logs_key_arn", logsKey.Arn)
	boundary, err := boundary(s, params.Replicated)
	if err != nil {
		return err
	}
	if err := executor(s, boundary, params); err != nil {
		return err
	}
	if err := replication(s, params, boundary, dataKey); err != nil {
		return err
	}
	if params.CloudEvents {
		if err := cloudEvents(s); err != nil {
			return err
		}
	}
	if err := watch(s, params, boundary); err != nil {
		return err
	}
	policy, err := stores(s, params.Stores, dataKey)
	if err != nil {
		return err
	}
	roles, err := workloadRoles(s, boundary, params.WorkloadRoles)
	if err != nil {
		return err
	}
	if err := useSessions(s, roles[aegis.ControlPlaneRole]); err != nil {
		return err
	}
	return useStores(s, policy, roles[aegis.ControlPlaneRole])
}

// key declares a KMS key that rotates, and its alias. One of many regions can have
// replicas in the others.
func key(s *stack, name string, params aegis.SecuritySpec, policy document, manyRegions bool) (*kms.Key, error) {
	text, err := policy.json()
	if err != nil {
		return nil, err
	}
	args := &kms.KeyArgs{
		Description:          pulumi.String(s.local(name)),
		EnableKeyRotation:    pulumi.Bool(true),
		RotationPeriodInDays: pulumi.Int(params.KeyRotationDays),
		DeletionWindowInDays: pulumi.Int(params.KeyDeletionWindowDays),
		Policy:               pulumi.String(text),
	}
	if manyRegions {
		args.MultiRegion = pulumi.Bool(true)
	}
	key, err := kms.NewKey(s.ctx, name, args, s.opts()...)
	if err != nil {
		return nil, err
	}
	s.check("key "+name+" enabled", "aws_kms_key", key.ID(), map[string]string{"key_state": "Enabled"})
	return key, alias(s, name, key.KeyId)
}

func alias(s *stack, name string, key pulumi.StringInput) error {
	_, err := kms.NewAlias(s.ctx, name, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + s.local(name)),
		TargetKeyId: key,
	}, s.opts()...)
	return err
}

// dataKeyPolicy leaves the key's use to IAM policies of the account.
func dataKeyPolicy(s *stack) document {
	return document{s.ownerStatement()}
}

// logsKeyPolicy also lets CloudWatch Logs use the key, for log groups of this
// account and region.
func logsKeyPolicy(s *stack) document {
	return document{s.ownerStatement(), statement{
		Sid:       "Logs",
		Effect:    "Allow",
		Principal: principal{"Service": "logs." + s.spec.Region + ".amazonaws.com"},
		Action:    []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
		Resource:  []string{"*"},
		Condition: condition{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": s.arn("logs", "log-group:"+s.path("*"))}},
	}}
}

// ownerStatement is what KMS demands of every key policy, lest nobody can
// manage the key any more.
func (s *stack) ownerStatement() statement {
	return statement{
		Sid:       "Owner",
		Effect:    "Allow",
		Principal: principal{"AWS": s.iamARN("root")},
		Action:    []string{"kms:*"},
		Resource:  []string{"*"},
	}
}
