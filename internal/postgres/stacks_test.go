package postgres_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func TestUpsertStackKeepsWhatWasObserved(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	stack := newStack(t, db, "dev.runtime.eu-west-1")
	require.Equal(t, aegis.StackPending, stack.State)
	require.Nil(t, stack.LastReconciledAt)
	at := time.Now()
	require.NoError(t, db.SetStackState(t.Context(), stack.StackID, aegis.StackClean, "", 7, &at))
	require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: stack.StackID, Revision: 1, Spec: aegis.Spec{Version: 1}}))

	require.NoError(t, db.UpsertStack(t.Context(), aegis.Stack{
		StackID: stack.StackID, Kind: aegis.TargetTerraformWorkspace, Source: &aegis.WorkspaceSource{Path: "/w", Workspace: "prod"},
	}))

	got, err := db.Stack(t.Context(), stack.StackID)
	require.NoError(t, err)
	require.Equal(t, aegis.TargetTerraformWorkspace, got.Kind)
	require.Equal(t, "prod", got.Source.Workspace)
	require.Equal(t, aegis.StackClean, got.State)
	require.EqualValues(t, 1, got.Revision)
	require.Equal(t, 7, got.ResourceCount)
	require.WithinDuration(t, at, *got.LastReconciledAt, time.Microsecond)
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'stack.added'`))
}

func TestStackMode(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	require.Equal(t, aegis.ModeManage, newStack(t, db, "s").Mode)
	require.NoError(t, db.UpsertStack(t.Context(), aegis.Stack{
		StackID: "w", Kind: aegis.TargetTerraformWorkspace, Mode: aegis.ModeObserve, Set: "dns", Source: &aegis.WorkspaceSource{Path: "/w"},
	}))
	got, err := db.Stack(t.Context(), "w")
	require.NoError(t, err)
	require.True(t, got.Observed())
	require.Equal(t, "dns", got.Set)
	require.NoError(t, db.SetStackMode(t.Context(), "w", aegis.ModeManage))
	require.NoError(t, db.UpsertStack(t.Context(), aegis.Stack{StackID: "w", Kind: aegis.TargetTerraformWorkspace, Mode: aegis.ModeObserve}))
	all, _, err := db.Stacks(t.Context(), aegis.Page{})
	require.NoError(t, err)
	require.False(t, all[0].Observed(), "adopting again does not change the mode")
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'stack.mode'`))
	require.ErrorIs(t, db.SetStackMode(t.Context(), "none", aegis.ModeManage), aegis.ErrNotFound)
	_, err = conn.Exec(t.Context(), `
		ALTER TABLE leases DROP CONSTRAINT leases_change_set_id_fkey;
		INSERT INTO leases (stack_id, change_set_id, fencing_token) VALUES ('w', 'cs-1', 1)`)
	require.NoError(t, err)
	require.ErrorIs(t, db.SetStackMode(t.Context(), "w", aegis.ModeObserve), aegis.ErrConflict)
}

func TestArchives(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	_, err := db.Archive(t.Context(), "d")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	for range 2 {
		require.NoError(t, db.SaveArchive(t.Context(), "d", []byte("sealed")))
	}
	sealed, err := db.Archive(t.Context(), "d")
	require.NoError(t, err)
	require.Equal(t, "sealed", string(sealed))
}

func TestSetStackStateTellsChangesOnly(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	stack := newStack(t, db, "s")
	for range 3 {
		require.NoError(t, db.SetStackState(t.Context(), "s", aegis.StackUnknown, "throttled", -1, nil))
	}
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'stack.unknown' AND id = $1`, stack.StackID))
	got, err := db.Stack(t.Context(), "s")
	require.NoError(t, err)
	require.Equal(t, "throttled", got.Error)
	require.Nil(t, got.LastReconciledAt)
	require.ErrorIs(t, db.SetStackState(t.Context(), "none", aegis.StackClean, "", 0, nil), aegis.ErrNotFound)
	require.ErrorIs(t, db.SetStackState(t.Context(), "s", "odd", "", 0, nil), aegis.ErrInvalid)
}

func TestSpecRevisions(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	newStack(t, db, "s")
	_, err := db.SpecRevision(t.Context(), "s", 0)
	require.ErrorIs(t, err, aegis.ErrNotFound)
	parameters := json.RawMessage(`{"z":1,"a":[1.50,1e3]}`)
	for i := range int64(12) {
		spec := aegis.Spec{Version: 1, Layer: "runtime", Parameters: parameters}
		require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: "s", Revision: i + 1, Spec: spec}))
	}
	require.ErrorIs(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: "s", Revision: 12}), aegis.ErrConflict)

	newest, err := db.SpecRevision(t.Context(), "s", 0)
	require.NoError(t, err)
	require.EqualValues(t, 12, newest.Revision)
	require.Equal(t, parameters, newest.Spec.Parameters, "numbers and order stay as they were")
	third, err := db.SpecRevision(t.Context(), "s", 3)
	require.NoError(t, err)
	require.EqualValues(t, 3, third.Revision)
}

// Adopted stacks and those that are not there are no part of the estate.
func TestEnvironmentSpecs(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	at := time.Now()
	for id, environment := range map[string]string{"here": "dev", "pending": "dev", "elsewhere": "prod"} {
		require.NoError(t, db.UpsertStack(t.Context(), aegis.Stack{StackID: id, Kind: aegis.TargetPulumiStack, Environment: environment}))
		for revision := range int64(2) {
			spec := aegis.Spec{Version: 1, Layer: id, Parameters: json.RawMessage(fmt.Sprintf(`{"n":%d}`, revision))}
			require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: id, Revision: revision + 1, Spec: spec}))
		}
		if id != "pending" {
			require.NoError(t, db.SetStackState(t.Context(), id, aegis.StackDrifted, "", 1, &at))
		}
	}
	require.NoError(t, db.UpsertStack(t.Context(), aegis.Stack{
		StackID: "adopted", Kind: aegis.TargetPulumiStack, Environment: "dev", Source: &aegis.WorkspaceSource{Path: "/p"},
	}))
	require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: "adopted", Revision: 1, Spec: aegis.Spec{Version: 1}}))
	require.NoError(t, db.SetStackState(t.Context(), "adopted", aegis.StackClean, "", 1, &at))
	found, err := db.EnvironmentSpecs(t.Context(), "dev")
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "here", found[0].Layer)
	require.JSONEq(t, `{"n":1}`, string(found[0].Parameters), "the newest")
}

// A spec that older code wrote is read as this code writes it, except where the
// stack is not the estate's own.
func TestSpecsAreUpgradedWhenTheyAreRead(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	db.UpgradeSpec = func(s aegis.Spec) (aegis.Spec, error) {
		if s.Layer == "future" {
			return s, aegis.Invalid("version", "is too new")
		}
		s.Version, s.Parameters = aegis.SpecVersion, json.RawMessage(`{"upgraded":true}`)
		return s, nil
	}
	add := func(stack aegis.Stack, layer string) {
		stack.Kind = cmp.Or(stack.Kind, aegis.TargetPulumiStack)
		require.NoError(t, db.UpsertStack(t.Context(), stack))
		require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{
			StackID: stack.StackID, Revision: 1, Spec: aegis.Spec{Version: 1, Layer: layer, Parameters: json.RawMessage(`{"old":1}`)},
		}))
	}
	add(aegis.Stack{StackID: "own"}, "network")
	add(aegis.Stack{StackID: "workspace", Kind: aegis.TargetTerraformWorkspace}, "network")
	add(aegis.Stack{StackID: "project", Source: &aegis.WorkspaceSource{Path: "/p"}}, "network")
	add(aegis.Stack{StackID: "newer"}, "future")
	for id, want := range map[string]string{"own": `{"upgraded":true}`, "workspace": `{"old":1}`, "project": `{"old":1}`} {
		revision, err := db.SpecRevision(t.Context(), id, 0)
		require.NoError(t, err)
		stack, err := db.Stack(t.Context(), id)
		require.NoError(t, err)
		for _, spec := range []aegis.Spec{revision.Spec, *stack.Spec} {
			require.Equal(t, aegis.SpecVersion, spec.Version)
			require.JSONEq(t, want, string(spec.Parameters), id)
		}
	}
	_, err := db.SpecRevision(t.Context(), "newer", 1)
	require.ErrorContains(t, err, "read the spec of stack newer: version: is too new")
	_, err = db.Stack(t.Context(), "newer")
	require.ErrorIs(t, err, aegis.ErrInvalid)
}

func TestObservationKeepsTheNewest(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	newStack(t, db, "s")
	_, err := db.Observation(t.Context(), "s")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	at := time.Now().UTC()
	require.NoError(t, db.SaveObservation(t.Context(), aegis.Observation{StackID: "s", ResourceCount: 2, ObservedAt: at}))
	require.NoError(t, db.SaveObservation(t.Context(), aegis.Observation{StackID: "s", ResourceCount: 1, ObservedAt: at.Add(-time.Second)}))
	got, err := db.Observation(t.Context(), "s")
	require.NoError(t, err)
	require.Equal(t, 2, got.ResourceCount)
	require.ErrorIs(t, db.SaveObservation(t.Context(), aegis.Observation{StackID: "none", ObservedAt: at}), aegis.ErrNotFound)
}

func TestListsFilter(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one, two := propose(t, db, "a", "b"), propose(t, db, "b")
	two.Phase, two.PromotionState = aegis.PhaseDone, aegis.StateDenied
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: two, Decision: &aegis.Decision{
		DecisionID: "dec-1", StackIDs: []string{"b"}, Input: json.RawMessage(`{}`),
		Result: aegis.GateResult{Deny: []aegis.RuleResult{{Code: "no_world_open_admin_port"}}},
	}}))
	ids := func(f aegis.ChangeSetFilter) (found []string) {
		sets, _, err := db.ChangeSets(t.Context(), f, aegis.Page{})
		require.NoError(t, err)
		for _, cs := range sets {
			found = append(found, cs.ChangeSetID)
		}
		return found
	}
	require.Equal(t, []string{two.ChangeSetID, one.ChangeSetID}, ids(aegis.ChangeSetFilter{}))
	require.Equal(t, []string{one.ChangeSetID}, ids(aegis.ChangeSetFilter{StackID: "a"}))
	require.Equal(t, []string{two.ChangeSetID}, ids(aegis.ChangeSetFilter{State: aegis.StateDenied, StackID: "b", Source: aegis.SourceGoal}))
	require.Empty(t, ids(aegis.ChangeSetFilter{GoalID: "goal-x"}))

	decisions, _, err := db.Decisions(t.Context(), aegis.DecisionFilter{StackID: "b"}, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, decisions, 1)
	require.Empty(t, decisions[0].Input)
	require.Equal(t, "no_world_open_admin_port", decisions[0].Result.Deny[0].Code)
	traces, _, err := db.Traces(t.Context(), aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Len(t, traces, 1)
	require.NotNil(t, traces[0].Steps)
	newStack(t, db, "a")
	stacks, _, err := db.Stacks(t.Context(), aegis.Page{})
	require.NoError(t, err)
	require.Equal(t, []string{"dev.network.eu-west-1"}, stacks[0].DependsOn)
}
