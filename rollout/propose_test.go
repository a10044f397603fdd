package rollout_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestProposeRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*aegis.AutonomousChangeSet)
		field  string
	}{
		"an unknown source":            {func(cs *aegis.AutonomousChangeSet) { cs.Source = "x" }, "source"},
		"no actor":                     {func(cs *aegis.AutonomousChangeSet) { cs.Actor = "" }, "actor"},
		"a kind of a later version":    {func(cs *aegis.AutonomousChangeSet) { cs.Target.Kind = aegis.TargetGameWorld }, "target.kind"},
		"a kind that the stack is not": {func(cs *aegis.AutonomousChangeSet) { cs.Target.Kind = aegis.TargetTerraformWorkspace }, "target.kind"},
		"an unknown stack":             {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].StackID = "a.b.c" }, "target.stack_ids"},
		"a pending stack":              {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].StackID = "sandbox.edge.us-east-1" }, "target.stack_ids"},
		"stacks of two layers": {func(cs *aegis.AutonomousChangeSet) {
			cs.Patches = append(cs.Patches, aegis.SpecPatch{StackID: "sandbox.network.us-east-1", BaseRevision: 1})
		}, "target.stack_ids"},
		"a stack twice": {func(cs *aegis.AutonomousChangeSet) { cs.Patches = append(cs.Patches, cs.Patches[0]) }, "target.stack_ids"},
		"no patches":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches = nil }, "target.stack_ids"},
		"a stack without its patch": {func(cs *aegis.AutonomousChangeSet) {
			cs.Target.StackIDs = []string{eu, us}
		}, "patches"},
		"a patch that is no object": {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`[1]`) }, "patches.0.merge_patch"},
		"a patch that is no JSON":   {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`{`) }, "patches.0.merge_patch"},
		"a patch of null":           {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`null`) }, "patches.0.merge_patch"},
		"a spec that is not valid":  {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`{"bad":1}`) }, "parameters.bad"},
		"what another stack has":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].MergePatch = json.RawMessage(`{"claims":"ours"}`) }, eu + ".parameters.claims"},
		"a base that is to come":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].BaseRevision = 2 }, "patches.base_revision"},
		"a negative base":           {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].BaseRevision = -1 }, "patches.0.base_revision"},
		"an unknown tolerance":      {func(cs *aegis.AutonomousChangeSet) { cs.RiskTolerance = "none" }, "risk_tolerance"},
		"a negative budget":         {func(cs *aegis.AutonomousChangeSet) { cs.Budget = &aegis.Budget{USDMonth: new(-1.0)} }, "budget.usd_month"},
		"a removal with a patch":    {func(cs *aegis.AutonomousChangeSet) { cs.Patches[0].Destroy = true }, "patches.0.merge_patch"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			b.addStack("sandbox.network.us-east-1", `{}`)
			b.addStack("sandbox.edge.us-east-1", "")
			b.addStack("sandbox.data.us-east-1", `{"claims":"ours"}`)
			cs := patch(`{"ssm_parameter-a":"2"}`, eu)
			c.change(&cs)
			_, err := b.door.Propose(t.Context(), cs)
			var invalid *aegis.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.True(t, slices.ContainsFunc(invalid.Faults, func(f aegis.FieldFault) bool { return f.Field == c.field }), err.Error())
			require.Empty(t, b.store.rows)
		})
	}
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	variables := []aegis.WorkspaceVariable{{Name: "size", Type: "number"}, {Name: "password", Sensitive: true}}
	workspaces := func(sets ...string) (*bench, []string) {
		b := newBench()
		var ids []string
		for i, set := range sets {
			id := "dns-" + string(rune('a'+i))
			b.store.stacks[id] = &aegis.Stack{
				StackID: id, Kind: aegis.TargetTerraformWorkspace, Region: "us-east-1", Revision: 1, State: aegis.StackClean, Set: set,
			}
			b.store.revisions[id] = []aegis.SpecRevision{{StackID: id, Revision: 1, Spec: aegis.Spec{
				Parameters: json.RawMessage(`{"size":1}`), Variables: variables,
			}}}
			ids = append(ids, id)
		}
		return b, ids
	}
	propose := func(b *bench, merge string, ids ...string) error {
		cs := patch(merge, ids...)
		cs.Target.Kind = aegis.TargetTerraformWorkspace
		_, err := b.door.Propose(t.Context(), cs)
		return err
	}
	t.Run("of one set are changed together", func(t *testing.T) {
		t.Parallel()
		b, ids := workspaces("dns", "dns")
		require.NoError(t, propose(b, `{"size":2}`, ids...))
	})
	t.Run("of two sets, or of none, are not", func(t *testing.T) {
		t.Parallel()
		for _, sets := range [][]string{{"dns", "web"}, {"", ""}} {
			b, ids := workspaces(sets...)
			require.ErrorContains(t, propose(b, `{"size":2}`, ids...), "not of one set")
		}
	})
	t.Run("take no variable that they do not declare, and no secret", func(t *testing.T) {
		t.Parallel()
		b, ids := workspaces("")
		require.ErrorContains(t, propose(b, `{"sise":2}`, ids...), "declares no such variable")
		require.ErrorContains(t, propose(b, `{"password":"x"}`, ids...), "is sensitive")
	})
	t.Run("that are only observed are refused", func(t *testing.T) {
		t.Parallel()
		b, ids := workspaces("")
		b.store.stacks[ids[0]].Mode = aegis.ModeObserve
		require.ErrorContains(t, propose(b, `{"size":2}`, ids...), "only observed: `aegis adopt promote dns-a`")
		require.Empty(t, b.store.rows)
	})
}

func TestProposeKeepsOnlyWhatProposersMaySay(t *testing.T) {
	t.Parallel()
	b := newBench()
	in := patch(`{"ssm_parameter-a":"2"}`, us, eu)
	in.PromotionState, in.Phase, in.RiskScore, in.Version = aegis.StatePromoted, aegis.PhaseVerify, 7, 99
	in.ExecutionPolicy = &aegis.ExecutionPolicy{}
	in.Target.Regions = []string{"mars"}
	cs, err := b.door.Propose(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, []string{eu, us}, cs.Target.StackIDs)
	require.Equal(t, []string{"eu-west-1", "us-east-1"}, cs.Target.Regions)
	require.Equal(t, aegis.StateProposed, cs.PromotionState)
	require.Equal(t, aegis.PhasePlan, cs.Phase)
	require.Equal(t, int64(1), cs.Version)
	require.Zero(t, cs.RiskScore)
	require.Nil(t, cs.ExecutionPolicy)
	require.NotEmpty(t, cs.TraceID)
}

func TestStepOfAStaleVersionDoesNothing(t *testing.T) {
	t.Parallel()
	b := newBench()
	id := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
	require.NoError(t, b.door.Step(context.WithoutCancel(t.Context()), id, 7))
	require.Equal(t, int64(1), b.get(t, id).Version)
	require.Error(t, b.door.Step(t.Context(), "cs-none", 1))
}
