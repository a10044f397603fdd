package rollout_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// durable is the door on a real Postgres and its queue, with an engine in
// memory.
type durable struct {
	*bench

	db *postgres.DB
}

func newDurable(t *testing.T) *durable {
	t.Helper()
	d := &durable{bench: newBench(), db: pgtest.Open(t)}
	for id, stack := range d.store.stacks {
		rev := d.store.revisions[id][0]
		row := *stack
		row.Revision = 0
		require.NoError(t, d.db.UpsertStack(t.Context(), row))
		require.NoError(t, d.db.AddSpecRevision(t.Context(), rev))
	}
	d.door = rollout.New(d.onPostgres())
	return d
}

func (d *durable) onPostgres() rollout.Config {
	config := d.config()
	config.Store, config.Now = d.db, nil
	config.Timing = rollout.Timing{
		LeaseTTL: 600 * time.Millisecond, Heartbeat: 150 * time.Millisecond, Busy: 50 * time.Millisecond, Backoff: 50 * time.Millisecond,
	}
	return config
}

// work runs n workers until the test ends. The first steps of the first one
// may be taken by step.
func (d *durable) work(t *testing.T, n int, step func(context.Context, string, int64) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	none := func(context.Context, string) error { return nil }
	reap := func(ctx context.Context) error { _, err := d.door.Reap(ctx); return err }
	done := make(chan error, n)
	for range n {
		go func() {
			done <- d.db.Work(ctx, postgres.Handlers{
				Step: step, Goal: none, Settle: none, Reconcile: none, Reap: reap,
				Sweep: func(context.Context) error { return nil },
			})
		}()
	}
	t.Cleanup(func() {
		cancel()
		for range n {
			require.NoError(t, <-done)
		}
	})
}

// await follows the events until the change set is done.
func (d *durable) await(t *testing.T, id string) aegis.AutonomousChangeSet {
	t.Helper()
	news, err := d.db.Watch(t.Context())
	require.NoError(t, err)
	for {
		cs, err := d.db.ChangeSet(t.Context(), id)
		require.NoError(t, err)
		if cs.PromotionState.Terminal() {
			return cs
		}
		_, open := <-news
		require.True(t, open, "the events ended while it was %s", cs.Phase)
	}
}

// settled checks what holds at every end.
func (d *durable) settled(t *testing.T) {
	t.Helper()
	require.Empty(t, d.world.violations)
	leases, err := d.db.Leases(t.Context(), []string{us, eu, ap})
	require.NoError(t, err)
	require.Empty(t, leases)
	budgets, err := d.db.Budgets(t.Context())
	require.NoError(t, err)
	for _, b := range budgets {
		require.InDelta(t, 0, b.ReservedUSD, 1e-9)
	}
}

func TestOnPostgres(t *testing.T) {
	t.Parallel()
	t.Run("two workers promote what fits and refuse what does not", func(t *testing.T) {
		t.Parallel()
		d := newDurable(t)
		d.gate.result = allow(true, 1)
		first := d.propose(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-c":"1"}`, us, eu, ap))
		second := d.propose(t, patch(`{"ssm_parameter-b":"3"}`, eu))
		d.work(t, 2, d.door.Step)
		cs := d.await(t, first)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, "passed", cs.CanaryResult.Outcome)
		require.Equal(t, aegis.StatePromoted, d.await(t, second).PromotionState)
		require.Equal(t, map[string]any{"ssm_parameter-a": "2", "ssm_parameter-b": "3", "ssm_parameter-c": "1"}, d.world.get(eu))
		d.settled(t)
		stack, err := d.db.Stack(t.Context(), eu)
		require.NoError(t, err)
		require.Equal(t, aegis.StackClean, stack.State)
		require.Equal(t, int64(3), stack.Revision)
		decisions, _, err := d.db.Decisions(t.Context(), aegis.DecisionFilter{StackID: us}, aegis.Page{})
		require.NoError(t, err)
		require.Len(t, decisions, 1)
		decision, err := d.db.Decision(t.Context(), decisions[0].DecisionID)
		require.NoError(t, err)
		require.True(t, json.Valid(decision.Input))
		trace, err := d.db.Trace(t.Context(), cs.TraceID)
		require.NoError(t, err)
		require.Equal(t, "promoted", trace.Outcome)
		require.NotEmpty(t, trace.Steps)
		budgets, err := d.db.Budgets(t.Context())
		require.NoError(t, err)
		require.InDelta(t, 3, budgets[0].SpentUSD, 1e-9)
	})
	t.Run("a failing canary is rolled back, and by hand nothing is left to undo", func(t *testing.T) {
		t.Parallel()
		d := newDurable(t)
		d.gate.result = allow(true, 1)
		d.checks.red = func(name string) bool { return d.world.get(name)["ssm_parameter-a"] == "2" }
		id := d.propose(t, patch(`{"ssm_parameter-a":"2"}`, us, eu))
		d.work(t, 1, d.door.Step)
		cs := d.await(t, id)
		require.Equal(t, aegis.StateRolledBack, cs.PromotionState, cs.Error)
		require.Equal(t, "1", d.world.get(eu)["ssm_parameter-a"])
		_, err := d.door.Rollback(t.Context(), id, "ann")
		require.ErrorIs(t, err, aegis.ErrConflict)
		d.settled(t)
	})
	t.Run("a promoted change is undone by hand", func(t *testing.T) {
		t.Parallel()
		d := newDurable(t)
		id := d.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
		d.work(t, 1, d.door.Step)
		require.Equal(t, aegis.StatePromoted, d.await(t, id).PromotionState)
		back, err := d.door.Rollback(t.Context(), id, "ann")
		require.NoError(t, err)
		require.Equal(t, aegis.StatePromoted, d.await(t, back.ChangeSetID).PromotionState)
		require.Equal(t, "1", d.world.get(eu)["ssm_parameter-a"])
		d.settled(t)
	})
	t.Run("a worker that dies in mid-apply is followed by another", func(t *testing.T) {
		t.Parallel()
		d := newDurable(t)
		doomed := &life{mishap: mishap{"dies before", 2}} // Apply and the first write
		config := d.onPostgres()
		config.Store, config.Engine = deadStore{d.db, doomed}, mortalEngine{d.world, doomed}
		d.world.before = func(op, _ string) error {
			if op == "write" {
				return doomed.before(true)
			}
			return nil
		}
		id := d.propose(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-b":"2"}`, eu))
		first := rollout.New(config)
		d.work(t, 1, func(ctx context.Context, id string, version int64) error {
			cs, err := d.db.ChangeSet(ctx, id)
			if err == nil && cs.Phase == aegis.PhaseApply && !doomed.isDead() {
				_ = first.Step(ctx, id, version) // it dies in there
				d.world.mu.Lock()
				d.world.before = nil
				d.world.mu.Unlock()
				return nil
			}
			return d.door.Step(ctx, id, version)
		})
		cs := d.await(t, id)
		require.True(t, doomed.isDead())
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, map[string]any{"ssm_parameter-a": "2", "ssm_parameter-b": "2"}, d.world.get(eu))
		d.settled(t)
	})
}

// deadStore answers nothing to the dead.
type deadStore struct {
	*postgres.DB

	life *life
}

func (s deadStore) CommitStep(ctx context.Context, step rollout.Step) error {
	if s.life.isDead() {
		return errDead
	}
	return s.DB.CommitStep(ctx, step)
}

func (s deadStore) Release(ctx context.Context, id, holder string) error {
	if s.life.isDead() {
		return errDead
	}
	return s.DB.Release(ctx, id, holder)
}
