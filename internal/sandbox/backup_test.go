package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestBackupPlansOutliveARestart(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	client := backup.NewFromConfig(adminConfig(account, "us-east-1"))
	name := aws.String("aegis-dev-main")
	_, err := client.CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: name, EncryptionKeyArn: aws.String("arn:aws:kms:us-east-1:123456789012:key/none")})
	requireCode(t, err, "InvalidParameterValueException")
	_, err = client.CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: name, BackupVaultTags: map[string]string{"a": "1"}})
	require.NoError(t, err)
	_, err = client.CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: name})
	requireCode(t, err, "AlreadyExistsException")
	plan := &types.BackupPlanInput{BackupPlanName: name, Rules: []types.BackupRuleInput{{RuleName: aws.String("daily"), TargetBackupVaultName: aws.String("none")}}}
	_, err = client.CreateBackupPlan(t.Context(), &backup.CreateBackupPlanInput{BackupPlan: plan})
	requireCode(t, err, "InvalidParameterValueException")
	plan.Rules[0].TargetBackupVaultName = name
	made, err := client.CreateBackupPlan(t.Context(), &backup.CreateBackupPlanInput{BackupPlan: plan})
	require.NoError(t, err)
	chosen, err := client.CreateBackupSelection(t.Context(), &backup.CreateBackupSelectionInput{
		BackupPlanId: made.BackupPlanId, BackupSelection: &types.BackupSelection{SelectionName: name, IamRoleArn: aws.String("arn:aws:iam::123456789012:role/backup")},
	})
	require.NoError(t, err)
	plan.Rules[0].ScheduleExpression = aws.String("cron(0 3 * * ? *)")
	changed, err := client.UpdateBackupPlan(t.Context(), &backup.UpdateBackupPlanInput{BackupPlanId: made.BackupPlanId, BackupPlan: plan})
	require.NoError(t, err)
	require.NotEqual(t, *made.VersionId, *changed.VersionId)
	_, err = client.DeleteBackupPlan(t.Context(), &backup.DeleteBackupPlanInput{BackupPlanId: made.BackupPlanId})
	requireCode(t, err, "InvalidRequestException")
	events, err := account.Events(t.Context(), 0)
	require.NoError(t, err)
	require.NotEmpty(t, events)
	stop()

	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	client = backup.NewFromConfig(adminConfig(account, "us-east-1"))
	found, err := client.GetBackupPlan(t.Context(), &backup.GetBackupPlanInput{BackupPlanId: made.BackupPlanId})
	require.NoError(t, err)
	require.Equal(t, *changed.VersionId, *found.VersionId)
	require.Equal(t, "cron(0 3 * * ? *)", *found.BackupPlan.Rules[0].ScheduleExpression)
	vault, err := client.DescribeBackupVault(t.Context(), &backup.DescribeBackupVaultInput{BackupVaultName: name})
	require.NoError(t, err)
	tags, err := client.ListTags(t.Context(), &backup.ListTagsInput{ResourceArn: vault.BackupVaultArn})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "1"}, tags.Tags)
	_, err = client.DeleteBackupSelection(t.Context(), &backup.DeleteBackupSelectionInput{BackupPlanId: made.BackupPlanId, SelectionId: chosen.SelectionId})
	require.NoError(t, err)
	_, err = client.DeleteBackupPlan(t.Context(), &backup.DeleteBackupPlanInput{BackupPlanId: made.BackupPlanId})
	require.NoError(t, err)
	_, err = client.GetBackupPlan(t.Context(), &backup.GetBackupPlanInput{BackupPlanId: made.BackupPlanId})
	requireCode(t, err, "ResourceNotFoundException")
	reader := makeUser(t, account, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"backup:Describe*","Resource":"*"}]}`, "")
	_, err = backup.NewFromConfig(reader).DeleteBackupVault(t.Context(), &backup.DeleteBackupVaultInput{BackupVaultName: name})
	requireCode(t, err, "AccessDeniedException")
	records, err := account.Events(t.Context(), 0)
	require.NoError(t, err)
	require.Contains(t, string(records[len(records)-1].Event), `"eventName":"DeleteBackupVault"`)
	require.Contains(t, string(records[len(records)-1].Event), `"backupVaultName":"aegis-dev-main"`)
	require.Contains(t, string(records[len(records)-1].Event), `"errorCode":"AccessDeniedException"`)
}
