package cloud

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestAWorkspacesSessionReachesItsStateOnly(t *testing.T) {
	t.Parallel()
	run := aegis.StackRun{Stack: aegis.Stack{Kind: aegis.TargetTerraformWorkspace, Source: &aegis.WorkspaceSource{
		State: &aegis.StateLocation{Backend: "s3", Bucket: "states", Key: "env:/prod/dns", LockTable: "locks"},
	}}}
	object := "arn:aws:s3:::states/env:/prod/dns"
	require.Equal(t, []statement{
		{Effect: "Allow", Action: []string{"s3:GetObject"}, Resource: []string{object, object + ".tflock"}},
		{
			Effect: "Allow", Action: []string{"dynamodb:GetItem", "dynamodb:DescribeTable"},
			Resource: []string{"arn:aws:dynamodb:*:*:table/locks"},
		},
	}, stateStatements(run), "one that reads writes no state and takes no lock")
	run.Policy = &aegis.ExecutionPolicy{}
	require.Equal(t, []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, stateStatements(run)[0].Action)
	run.Stack.Source.State.Key = "*"
	require.Empty(t, stateStatements(run), "a wildcard is no key")
	run.Stack = aegis.Stack{Kind: aegis.TargetPulumiStack}
	require.Empty(t, stateStatements(run))
	run.Stack.Source = &aegis.WorkspaceSource{Stack: "prod", State: &aegis.StateLocation{Backend: "s3", Bucket: "states", Key: "team"}}
	require.Equal(t, []statement{{
		Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, Resource: []string{"arn:aws:s3:::states/team/.pulumi/*"},
	}}, stateStatements(run))
}
