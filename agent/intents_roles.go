package agent

import (
	"fmt"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// roleIntents make workload roles.
func roleIntents() []intent { return []intent{securityAddRole()} }

func securityAddRole() intent {
	return intent{
		Intent: Intent{
			Name: "security.add_role", Layer: aegis.LayerSecurity,
			Summary:  "Add a workload role that a service of AWS assumes, with the IAM actions that it may call on the estate's resources.",
			Examples: []string{"add role reporter for lambda with s3:GetObject and s3:ListBucket", "create a workload role named reporter for lambda.amazonaws.com that may call s3:GetObject in eu-west-1"},
		},
		phrasings: []string{
			"@add [workload|iam] role [named|called] <name:fresh> for <service:principal> [functions|function|instances|service|tasks] with [action|actions|permissions] <acts:actions>",
			"@add [workload|iam] role [named|called] <name:fresh> for <service:principal> [functions|function|instances|service|tasks] that may|can call|do|use <acts:actions>",
		},
		read: func(a args) (edit, error) {
			role := aegis.WorkloadRole{Service: a.text("service"), Actions: a.list("acts")}
			return edit{
				summary: fmt.Sprintf("add role %s for %s, which may call %s", a.text("name"), role.Service, strings.Join(role.Actions, ", ")),
				apply:   adding("a role", a.text("name"), func(s *aegis.SecuritySpec) *map[string]aegis.WorkloadRole { return &s.WorkloadRoles }, role),
			}, nil
		},
	}
}
