package cloud

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// describeTable tells status and replicas (a number), of a table by name.
func describeTable(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.dynamodb().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": string(output.Table.TableStatus), "replicas": strconv.Itoa(len(output.Table.Replicas))}, nil
}

// describeSecret tells deleted, "true" while the secret can only be restored.
func describeSecret(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.secrets().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"deleted": strconv.FormatBool(output.DeletedDate != nil)}, nil
}

// describeVault tells recovery_points, of a vault by name.
func describeVault(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.backup().DescribeBackupVault(ctx, &backup.DescribeBackupVaultInput{BackupVaultName: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"recovery_points": strconv.FormatInt(output.NumberOfRecoveryPoints, 10)}, nil
}
