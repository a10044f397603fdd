package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// serviceBackup is the principal of the role that makes backups.
const serviceBackup = "backup.amazonaws.com"

// backups declares a vault with the region's key, and a plan for all resources
// that bear the stack's tag.
func backups(s *stack, keys SecurityOutputs, spec aegis.BackupSpec) error {
	role := keys.WorkloadRoleARNs[aegis.BackupRole]
	if role == "" {
		return fmt.Errorf("layer security of the region has no workload role %q, which makes backups", aegis.BackupRole)
	}
	vault, err := backup.NewVault(s.ctx, "main", &backup.VaultArgs{
		Name: pulumi.String(s.local("main")), KmsKeyArn: pulumi.String(keys.DataKeyARN),
	}, s.opts()...)
	if err != nil {
		return err
	}
	keep := backup.PlanRuleLifecycleArgs{DeleteAfter: pulumi.Int(spec.DeleteAfterDays)}
	if spec.ColdAfterDays > 0 {
		keep.ColdStorageAfter = pulumi.Int(spec.ColdAfterDays)
	}
	plan, err := backup.NewPlan(s.ctx, "main", &backup.PlanArgs{
		Name: pulumi.String(s.local("main")),
		Rules: backup.PlanRuleArray{backup.PlanRuleArgs{
			RuleName: pulumi.String("scheduled"), TargetVaultName: vault.Name,
			Schedule: pulumi.String(spec.Schedule), Lifecycle: keep,
		}},
	}, s.opts()...)
	if err != nil {
		return err
	}
	s.check("vault exists", "aws_backup_vault", vault.Name, nil)
	s.output("backup_vault_name", vault.Name)
	_, err = backup.NewSelection(s.ctx, "main", &backup.SelectionArgs{
		Name: pulumi.String(s.local("main")), PlanId: plan.ID(), IamRoleArn: pulumi.String(role),
		SelectionTags: backup.SelectionSelectionTagArray{backup.SelectionSelectionTagArgs{
			Type: pulumi.String("STRINGEQUALS"), Key: pulumi.String(TagStack), Value: pulumi.String(StackID(s.spec)),
		}},
	}, s.opts()...)
	return err
}
