package enginetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// adopts lets a spec say what is real: nothing is to be done then but to let the
// state say so, too.
func adopts(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	b.Cloud.SetParameter(t, b.want.Prefix+"/a", "adopted")
	seen, err := b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Len(t, seen.Drift, 1)
	b.want.Settings = map[string]string{"a": "adopted"}
	b.run.Refresh, b.run.Targets = true, []string{b.Setting("a")}
	plan, res := b.apply(t)
	require.Empty(t, plan.Changes)
	require.Equal(t, 3, res.ResourceCount)
	b.run.Targets = nil
	seen, err = b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift, "the state says what is real")
	require.Empty(t, b.preview(t).Changes)

	if b.run.Stack.Kind == aegis.TargetTerraformWorkspace {
		variables(t, b)
	} else {
		expects(t, b)
	}
}

// variables finds the variables that stand for attributes.
func variables(t *testing.T, b *bed) {
	t.Helper()
	group := aegis.DriftChange{Address: b.LogGroup("l"), Type: "aws_cloudwatch_log_group", Attribute: "retention_in_days", After: 30.0}
	setting := aegis.DriftChange{Address: b.Setting("a"), Type: "aws_ssm_parameter", Attribute: "value", After: "x"}
	password := aegis.DriftChange{Address: "aws_ssm_parameter.password", Type: "aws_ssm_parameter", Attribute: "value", After: "x"}
	patch, missing, err := b.engines.Adoption(t.Context(), b.run, []aegis.DriftChange{group, setting, password})
	require.NoError(t, err)
	require.JSONEq(t, `{"retention":30}`, string(patch))
	require.Equal(t, []aegis.DriftChange{setting, password}, missing, "a value of each is no variable, and a secret is none's business")
}

// expects corrects a stack and leaves what a rule covers.
func expects(t *testing.T, b *bed) {
	t.Helper()
	b.Cloud.SetParameter(t, b.want.Prefix+"/a", "others")
	b.Cloud.DeleteLogGroup(t, b.want.Prefix+"/l")
	b.run.Expected = []aegis.DriftRule{{RuleID: "rule-1", StackID: b.run.Stack.StackID, Address: "aws_ssm_parameter", Attribute: "value"}}
	plan, _ := b.apply(t)
	require.Equal(t, map[string]aegis.Action{b.LogGroup("l"): aegis.ActionCreate}, actions(plan.Changes))
	require.Equal(t, "others", b.Cloud.Parameter(t, b.want.Prefix+"/a"))
	b.run.Expected = nil
	plan, _ = b.apply(t)
	require.Equal(t, map[string]aegis.Action{b.Setting("a"): aegis.ActionUpdate}, actions(plan.Changes))
	require.Equal(t, "adopted", b.Cloud.Parameter(t, b.want.Prefix+"/a"))
}
