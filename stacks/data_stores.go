package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// tables declares DynamoDB tables that are encrypted with the region's key and
// can be restored to any second of the last 35 days.
func tables(s *stack, keyARN string, tables map[string]aegis.TableSpec) error {
	if len(tables) == 0 {
		return nil
	}
	names := pulumi.StringMap{}
	for _, name := range sortedKeys(tables) {
		spec := tables[name]
		args := &dynamodb.TableArgs{
			Name:                      pulumi.String(s.local(name)),
			BillingMode:               pulumi.String("PAY_PER_REQUEST"),
			HashKey:                   pulumi.String(spec.HashKey),
			Attributes:                dynamodb.TableAttributeArray{keyAttribute(spec.HashKey)},
			DeletionProtectionEnabled: pulumi.Bool(!spec.Deletable),
			PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true)},
			ServerSideEncryption: dynamodb.TableServerSideEncryptionArgs{
				Enabled: pulumi.Bool(true), KmsKeyArn: pulumi.String(keyARN),
			},
		}
		if spec.RangeKey != "" {
			args.RangeKey = pulumi.String(spec.RangeKey)
			args.Attributes = dynamodb.TableAttributeArray{keyAttribute(spec.HashKey), keyAttribute(spec.RangeKey)}
		}
		if spec.TTLAttribute != "" {
			args.Ttl = dynamodb.TableTtlArgs{Enabled: pulumi.Bool(true), AttributeName: pulumi.String(spec.TTLAttribute)}
		}
		table, err := dynamodb.NewTable(s.ctx, name, args, s.opts()...)
		if err != nil {
			return err
		}
		names[name] = table.Name
		s.check("table "+name+" active", "aws_dynamodb_table", table.Name, map[string]string{"status": "ACTIVE"})
	}
	s.output("table_names", names)
	return nil
}

func keyAttribute(name string) dynamodb.TableAttributeArgs {
	return dynamodb.TableAttributeArgs{Name: pulumi.String(name), Type: pulumi.String("S")}
}

// secrets declares places for secrets, and nothing of what is in them. A secret
// with copies has the shared key, which each of these regions has.
func secrets(s *stack, keyARN string, secrets map[string]aegis.SecretSpec) error {
	if len(secrets) == 0 {
		return nil
	}
	arns := pulumi.StringMap{}
	for _, name := range sortedKeys(secrets) {
		spec := secrets[name]
		args := &secretsmanager.SecretArgs{
			Name:                 pulumi.String(s.local(name)),
			KmsKeyId:             pulumi.String(keyARN),
			RecoveryWindowInDays: pulumi.Int(spec.RecoveryDays),
		}
		if spec.Description != "" {
			args.Description = pulumi.String(spec.Description)
		}
		if len(spec.ReplicaRegions) > 0 {
			if err := secretReplicas(s, args, spec.ReplicaRegions); err != nil {
				return err
			}
		}
		secret, err := secretsmanager.NewSecret(s.ctx, name, args, s.opts()...)
		if err != nil {
			return err
		}
		arns[name] = secret.Arn
		s.check("secret "+name+" exists", "aws_secretsmanager_secret", secret.Arn, map[string]string{"deleted": "false"})
	}
	s.output("secret_arns", arns)
	return nil
}

func secretReplicas(s *stack, args *secretsmanager.SecretArgs, regions []string) error {
	shared, err := outputsOf[SharedKeyOutputs](s, stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region))
	if err != nil {
		return err
	}
	var replicas secretsmanager.SecretReplicaArray
	for _, region := range regions {
		replicas = append(replicas, secretsmanager.SecretReplicaArgs{
			Region: pulumi.String(region), KmsKeyId: pulumi.String(keyIn(region, shared.SharedKeyARN)),
		})
	}
	args.KmsKeyId, args.Replicas = pulumi.String(shared.SharedKeyARN), replicas
	return nil
}
