package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/aegisworld/aegis"
)

func findTable(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	table, err := c.dynamodb().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if err != nil || table.Table.TableStatus == dynamotypes.TableStatusDeleting {
		return "", err
	}
	listed, err := c.dynamodb().ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: table.Table.TableArn})
	if err != nil || !ours(tagMap(listed.Tags, func(t dynamotypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return name, nil
}

// findSecret returns the ARN. It reads no value.
func findSecret(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	secret, err := c.secrets().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(input(lookup, "name"))})
	if err != nil || secret.DeletedDate != nil ||
		!ours(tagMap(secret.Tags, func(t secrettypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return aws.ToString(secret.ARN), nil
}

func findVault(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	vault, err := c.backup().DescribeBackupVault(ctx, &backup.DescribeBackupVaultInput{BackupVaultName: aws.String(name)})
	if err != nil {
		return "", err
	}
	listed, err := c.backup().ListTags(ctx, &backup.ListTagsInput{ResourceArn: vault.BackupVaultArn})
	if err != nil || !ours(listed.Tags, lookup) {
		return "", err
	}
	return name, nil
}

// findBackupPlan returns the id. Names of plans are not unique, so that one
// without tags is somebody else's.
func findBackupPlan(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	pages := backup.NewListBackupPlansPaginator(c.backup(), &backup.ListBackupPlansInput{})
	for plan, err := range items(ctx, pages, func(p *backup.ListBackupPlansOutput) []backuptypes.BackupPlansListMember { return p.BackupPlansList }) {
		if err != nil {
			return "", err
		}
		if aws.ToString(plan.BackupPlanName) != input(lookup, "name") {
			continue
		}
		listed, err := c.backup().ListTags(ctx, &backup.ListTagsInput{ResourceArn: plan.BackupPlanArn})
		if err != nil {
			return "", err
		}
		if listed.Tags[tagStack] == lookup.StackID && listed.Tags[tagAddress] == lookup.Address {
			return aws.ToString(plan.BackupPlanId), nil
		}
	}
	return "", nil
}

// findSelection returns the plan's id and the selection's.
func findSelection(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	plan := input(lookup, "plan_id")
	pages := backup.NewListBackupSelectionsPaginator(c.backup(), &backup.ListBackupSelectionsInput{BackupPlanId: aws.String(plan)})
	for one, err := range items(ctx, pages, func(p *backup.ListBackupSelectionsOutput) []backuptypes.BackupSelectionsListMember {
		return p.BackupSelectionsList
	}) {
		if err != nil {
			return "", err
		}
		if aws.ToString(one.SelectionName) == input(lookup, "name") {
			return plan + "|" + aws.ToString(one.SelectionId), nil
		}
	}
	return "", nil
}
