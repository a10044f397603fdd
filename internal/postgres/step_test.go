package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

func propose(t *testing.T, db *postgres.DB, stackIDs ...string) aegis.AutonomousChangeSet {
	t.Helper()
	cs := newChangeSet(stackIDs...)
	require.NoError(t, db.InsertChangeSet(t.Context(), cs))
	return cs
}

func TestCommitStepWritesEverything(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	stack := newStack(t, db, "dev.runtime.eu-west-1")
	cs := propose(t, db, stack.StackID)
	cs.GoalID = "goal-1"
	claimed, err := db.Claim(t.Context(), cs.ChangeSetID, 1, "worker", time.Minute)
	require.NoError(t, err)
	require.Empty(t, claimed.Tokens)

	cs.Phase, cs.PromotionState, cs.RiskScore = aegis.PhaseApply, aegis.StateApplying, 17
	soak, resources, input := 5*time.Second, 12, json.RawMessage(`{ "b": 1, "a": "\u0000" }`)
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{
		ChangeSet: cs, Holder: "worker", Memory: rollout.Memory{Attempts: 2}, Own: []string{stack.StackID},
		Decision:  &aegis.Decision{DecisionID: "dec-1", ChangeSetID: cs.ChangeSetID, StackIDs: []string{stack.StackID}, Input: input, Allowed: true},
		Reserve:   []rollout.Reservation{{Scope: "estate", USD: 10.5, LimitUSD: 100}, {Scope: "goal:goal-1", USD: 10.5, LimitUSD: rollout.NoLimit}},
		Revisions: []aegis.SpecRevision{{StackID: stack.StackID, Revision: 1, Spec: aegis.Spec{Version: 1, Layer: "runtime", Parameters: []byte(`{"node_max":4}`)}, ChangeSetID: cs.ChangeSetID}},
		Stacks:    []rollout.StackUpdate{{StackID: stack.StackID, State: aegis.StackConverging, ResourceCount: &resources, Reconciled: true}},
		Breakers:  []aegis.Breaker{{BreakerID: "brk-1", Scope: aegis.BreakerStack, Key: stack.StackID, Reason: "test", OpenedBy: "aegis"}},
		Trace:     aegis.TaskTrace{Steps: []aegis.TraceStep{{Name: "gate", Verdict: "go"}}, ToolCalls: 3, LatencyMS: 40},
		Events:    []aegis.Event{{Kind: "change_set", ID: cs.ChangeSetID, Type: "change_set.applying"}, {Kind: "change_set", ID: cs.ChangeSetID, Type: "second"}},
		Next:      &soak, SettleGoal: true,
	}))

	got, err := db.ChangeSet(t.Context(), cs.ChangeSetID)
	require.NoError(t, err)
	require.EqualValues(t, 2, got.Version)
	require.Equal(t, 17, got.RiskScore)
	memory, err := db.Memory(t.Context(), cs.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, 2, memory.Attempts)
	leases, err := db.Leases(t.Context(), []string{stack.StackID, "other"})
	require.NoError(t, err)
	require.Equal(t, []aegis.Lease{{StackID: stack.StackID, ChangeSetID: cs.ChangeSetID, FencingToken: 1}}, leases)
	decision, err := db.Decision(t.Context(), "dec-1")
	require.NoError(t, err)
	require.Equal(t, input, decision.Input, "kept byte for byte, as its digest needs")
	stack, err = db.Stack(t.Context(), stack.StackID)
	require.NoError(t, err)
	require.EqualValues(t, 1, stack.Revision)
	require.JSONEq(t, `{"node_max":4}`, string(stack.Spec.Parameters))
	require.Equal(t, 12, stack.ResourceCount)
	require.NotNil(t, stack.LastReconciledAt)
	trace, err := db.Trace(t.Context(), cs.TraceID)
	require.NoError(t, err)
	require.Equal(t, 3, trace.ToolCalls)
	require.Len(t, trace.Steps, 1)
	require.Equal(t, 1, count(t, conn, `
		SELECT count(*) FROM river_job WHERE kind = 'change_set' AND args->>'version' = '2' AND state = 'available'
			AND scheduled_at - created_at BETWEEN '4.9 s' AND '5.1 s'`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'goal_settle' AND args->>'goal_id' = 'goal-1'`))
	require.Equal(t, 2, count(t, conn, `SELECT count(*) FROM events WHERE id = $1 AND type <> 'change_set.proposed'`, cs.ChangeSetID))
	again, err := db.Claim(t.Context(), cs.ChangeSetID, 2, "other", time.Minute)
	require.NoError(t, err, "the hold ended with the commit")
	require.Equal(t, map[string]int64{stack.StackID: 2}, again.Tokens)
}

func TestOnlyOneOfManyStepsCommits(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	stack := newStack(t, db, "dev.runtime.eu-west-1")
	cs := propose(t, db, stack.StackID)
	var won atomic.Int32
	var group errgroup.Group
	for i := range 16 {
		group.Go(func() error {
			mine := cs
			mine.Phase, mine.Summary = aegis.PhaseGate, fmt.Sprint(i)
			err := db.CommitStep(t.Context(), rollout.Step{
				ChangeSet: mine, Next: new(time.Duration), Own: []string{stack.StackID},
				Revisions: []aegis.SpecRevision{{StackID: stack.StackID, Revision: 1, Spec: aegis.Spec{Version: 1}}},
				Events:    []aegis.Event{{Kind: "change_set", ID: cs.ChangeSetID, Type: "gate"}},
			})
			if err == nil {
				won.Add(1)
			}
			if errors.Is(err, aegis.ErrStale) {
				return nil
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, won.Load())
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job WHERE args->>'version' = '2'`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'gate'`))
}

func TestCommitStepIsAllOrNothing(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	stack := newStack(t, db, "dev.runtime.eu-west-1")
	first, cs := propose(t, db, stack.StackID), propose(t, db, stack.StackID)
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: first, Own: []string{stack.StackID}}))

	faults := map[string]struct {
		breaks func(*rollout.Step)
		want   error
	}{
		"a stack of another":      {func(s *rollout.Step) { s.Own = []string{stack.StackID} }, aegis.ErrLeaseHeld},
		"money that is not there": {func(s *rollout.Step) { s.Reserve = []rollout.Reservation{{Scope: "estate", USD: 2, LimitUSD: 1}} }, aegis.ErrBudgetExceeded},
		"a gap in the revisions":  {func(s *rollout.Step) { s.Revisions = []aegis.SpecRevision{{StackID: stack.StackID, Revision: 2}} }, aegis.ErrConflict},
		"a hold of nobody":        {func(s *rollout.Step) { s.Holder = "me" }, aegis.ErrLeaseLost},
		"an old version":          {func(s *rollout.Step) { s.ChangeSet.Version = 0 }, aegis.ErrStale},
		"an unknown stack":        {func(s *rollout.Step) { s.Stacks = []rollout.StackUpdate{{StackID: "x", State: aegis.StackClean}} }, aegis.ErrNotFound},
		"an unknown change set":   {func(s *rollout.Step) { s.ChangeSet.ChangeSetID = "cs-x" }, aegis.ErrNotFound},
	}
	for name, fault := range faults {
		step := rollout.Step{
			ChangeSet: cs, Own: []string{"other"}, Next: new(time.Duration),
			Decision: &aegis.Decision{DecisionID: "dec-" + name},
			Events:   []aegis.Event{{Kind: "change_set", ID: cs.ChangeSetID, Type: "never"}},
		}
		fault.breaks(&step)
		require.ErrorIs(t, db.CommitStep(t.Context(), step), fault.want, name)
	}

	require.Zero(t, count(t, conn, `SELECT count(*) FROM events WHERE type = 'never'`))
	require.Zero(t, count(t, conn, `SELECT count(*) FROM decisions`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM leases`))
	got, err := db.ChangeSet(t.Context(), cs.ChangeSetID)
	require.NoError(t, err)
	require.EqualValues(t, 1, got.Version)
}

func TestDisownFreesTheStack(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one, two := propose(t, db, "s"), propose(t, db, "s")
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: one, Own: []string{"s"}}))
	require.ErrorIs(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: two, Own: []string{"s"}}), aegis.ErrLeaseHeld)
	one.Version, one.Phase, one.PromotionState = 2, aegis.PhaseDone, aegis.StatePromoted
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: one, Disown: true}))

	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: two, Own: []string{"s"}}))

	leases, err := db.Leases(t.Context(), []string{"s"})
	require.NoError(t, err)
	require.Equal(t, two.ChangeSetID, leases[0].ChangeSetID)
	require.EqualValues(t, 3, leases[0].FencingToken, "it rises with each change of owner")
	history, err := db.History(t.Context(), []string{"s"}, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, aegis.History{Promoted: 1}, history)
}
