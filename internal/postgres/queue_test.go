package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// idle handles everything by doing nothing.
func idle() postgres.Handlers {
	none := func(context.Context, string) error { return nil }
	every := func(context.Context) error { return nil }
	return postgres.Handlers{
		Step: func(context.Context, string, int64) error { return nil },
		Goal: none, Settle: none, Reconcile: none, Observe: none, Stock: none, Deliver: none, Reap: every, Sweep: every,
	}
}

// startWork works jobs until the test ends or stop is called, which waits.
func startWork(t *testing.T, work func(context.Context, postgres.Handlers) error, h postgres.Handlers) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- work(ctx, h) }()
	var stopped atomic.Bool
	stop = func() {
		if stopped.Swap(true) {
			return
		}
		cancel()
		require.NoError(t, <-done)
	}
	t.Cleanup(stop)
	return stop
}

// later is an error that says when to come back.
type later struct{ after time.Duration }

func (later) Error() string               { return "not yet" }
func (l later) RetryAfter() time.Duration { return l.after }

func TestWorkRunsEveryKindOfJob(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	ran := make(chan string, 100)
	h := postgres.Handlers{
		Step:      func(_ context.Context, id string, _ int64) error { ran <- "step " + id; return nil },
		Goal:      func(_ context.Context, id string) error { ran <- "goal " + id; return nil },
		Settle:    func(_ context.Context, id string) error { ran <- "settle " + id; return nil },
		Reconcile: func(_ context.Context, id string) error { ran <- "reconcile " + id; return nil },
		Observe:   func(_ context.Context, id string) error { ran <- "observe " + id; return nil },
		Stock:     func(_ context.Context, region string) error { ran <- "stock " + region; return nil },
		Deliver:   func(_ context.Context, id string) error { ran <- "deliver " + id; return nil },
		Reap:      func(context.Context) error { ran <- "reap"; return nil },
		Sweep:     func(context.Context) error { ran <- "sweep"; return nil },
	}
	goal, cs := newGoal("x"), newChangeSet()
	require.NoError(t, db.EnqueueReconcile(t.Context(), "s"))
	require.NoError(t, db.EnqueueReconcile(t.Context(), "s"))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job`), "one waiting reconcile is enough")
	require.NoError(t, db.EnqueueStock(t.Context(), "eu-west-1"))
	startWork(t, db.Work, h)
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))
	cs.GoalID = goal.GoalID
	require.NoError(t, db.InsertChangeSet(t.Context(), cs))
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, SettleGoal: true}))
	delivery, err := db.TestWebhook(t.Context(), hook(t, db).WebhookID, "dlv-1", "ana")
	require.NoError(t, err)

	want := map[string]bool{
		"deliver " + delivery.DeliveryID: true,
		"step " + cs.ChangeSetID:         true, "goal " + goal.GoalID: true, "settle " + goal.GoalID: true,
		"reconcile s": true, "stock eu-west-1": true, "reap": true, "sweep": true,
	}
	for len(want) > 0 {
		delete(want, <-ran)
	}
}

func TestErrorsAreRetriedAndWaitsSnoozed(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	cs := propose(t, db)
	var runs atomic.Int32
	done := make(chan struct{})
	h := idle()
	h.Step = func(context.Context, string, int64) error {
		switch runs.Add(1) {
		case 1:
			return errors.New("machinery broke")
		case 2:
			return errors.Join(errors.New("busy"), later{10 * time.Millisecond})
		case 3:
			panic("a handler's mistake")
		default:
			close(done)
			return nil
		}
	}
	stop := startWork(t, db.Work, h)
	<-done
	stop()
	require.Equal(t, 1, count(t, conn, `
		SELECT count(*) FROM river_job
		WHERE args->>'change_set_id' = $1 AND state = 'completed' AND cardinality(errors) = 2`, cs.ChangeSetID), "a wait is no failure")
}

func TestDelayedStepRunsAtItsTime(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	cs := propose(t, db)
	done := make(chan struct{})
	h := idle()
	h.Step = func(ctx context.Context, _ string, version int64) error {
		if version == 1 {
			soak := 1500 * time.Millisecond
			return db.CommitStep(ctx, rollout.Step{ChangeSet: cs, Next: &soak})
		}
		close(done)
		return nil
	}
	stop := startWork(t, db.Work, h)
	<-done
	stop()
	var late time.Duration
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT attempted_at - scheduled_at FROM river_job WHERE args->>'version' = '2' AND attempted_at - created_at >= '1.5 s'`).Scan(&late))
	t.Logf("picked up %v after it was due", late)
}

func TestStopLetsJobsFinish(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	propose(t, db)
	running, finish := make(chan struct{}), make(chan struct{})
	h := idle()
	h.Step = func(ctx context.Context, _ string, _ int64) error {
		close(running)
		<-finish
		return ctx.Err()
	}
	stop := startWork(t, db.Work, h)
	<-running
	time.AfterFunc(100*time.Millisecond, func() { close(finish) })
	stop()
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'change_set' AND state = 'completed'`))
	require.Zero(t, count(t, conn, `SELECT count(*) FROM workers`))
}

func TestJobsOfADeadWorkerAreTakenOver(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	goal := newGoal("x")
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))
	_, err := conn.Exec(t.Context(), `
		UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '1 minute', attempted_by = ARRAY['killed']`)
	require.NoError(t, err)
	ran := make(chan string, 1)
	h := idle()
	h.Goal = func(_ context.Context, id string) error { ran <- id; return nil }
	startWork(t, db.Work, h)
	require.Equal(t, goal.GoalID, <-ran)
}

// TestLostEndIsNoticed plays a job whose end River could not write: it is said
// to run in a worker that knows nothing of it.
func TestLostEndIsNoticed(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	ran := make(chan string, 10)
	h := idle()
	h.Goal = func(_ context.Context, id string) error { ran <- id; return nil }
	startWork(t, db.WorkFast, h)
	goal := newGoal("x")
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))
	require.Equal(t, goal.GoalID, <-ran)
	require.Eventually(t, func() bool {
		tag, err := conn.Exec(t.Context(), `
			UPDATE river_job SET state = 'running', finalized_at = NULL, attempted_at = now() - interval '1 minute'
			WHERE kind = 'goal' AND state = 'completed'`)
		return err == nil && tag.RowsAffected() == 1
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, goal.GoalID, <-ran)
}

// TestAGoalHasOneJobAtATime wakes a goal again while its job runs, as two goals do
// that it depends on and that end at once.
func TestAGoalHasOneJobAtATime(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	goal, other := newGoal("x"), newGoal("y")
	var atOnce, runs atomic.Int32
	began, finish, done := make(chan string, 10), make(chan struct{}), make(chan struct{})
	h := idle()
	h.Goal = func(_ context.Context, id string) error {
		began <- id
		if id != goal.GoalID {
			return nil
		}
		if atOnce.Add(1) > 1 {
			t.Error("two jobs of a goal run at once")
		}
		<-finish
		atOnce.Add(-1)
		if runs.Add(1) == 2 {
			close(done)
		}
		return nil
	}
	startWork(t, db.Work, h)
	startWork(t, db.Work, h)
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))
	require.Equal(t, goal.GoalID, <-began)
	_, err := conn.Exec(t.Context(), `
		INSERT INTO river_job (kind, queue, args, max_attempts) SELECT kind, queue, args, max_attempts FROM river_job WHERE kind = 'goal'`)
	require.NoError(t, err)
	require.NoError(t, db.CreateGoal(t.Context(), other, ""))
	require.Equal(t, other.GoalID, <-began, "other goals go on")
	require.Eventually(t, func() bool {
		return count(t, conn, `SELECT count(*) FROM river_job WHERE metadata ? 'snoozes'`) == 1
	}, 20*time.Second, 10*time.Millisecond, "the second waits")
	close(finish)
	<-done
	require.Equal(t, goal.GoalID, <-began)
}

func TestJobsOfALiveWorkerAreLeftAlone(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	propose(t, db)
	var runs atomic.Int32
	finish := make(chan struct{})
	h := idle()
	h.Step = func(context.Context, string, int64) error {
		runs.Add(1)
		<-finish
		return nil
	}
	reaped := make(chan struct{}, 100)
	h.Reap = func(context.Context) error { reaped <- struct{}{}; return nil }
	one, two := startWork(t, db.WorkFast, h), startWork(t, db.WorkFast, h)
	for range 3 { // seconds, many times the span after which a silent worker is dead
		<-reaped
	}
	close(finish)
	one()
	two()
	require.EqualValues(t, 1, runs.Load())
}

// TestDatabaseGoesAwayAndComesBack stops and starts a server under workers, a
// watcher and a running job.
func TestDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	cluster, err := pgtest.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	db := openURL(t, cluster.URL("postgres"))
	require.NoError(t, db.Migrate(t.Context()))
	changed, err := db.Watch(t.Context())
	require.NoError(t, err)
	ran, fenced := make(chan string, 10), make(chan error, 1)
	h := idle()
	h.Goal = func(_ context.Context, id string) error { ran <- id; return nil }
	h.Settle = h.Goal
	h.Reconcile = func(ctx context.Context, _ string) error {
		ran <- "reconcile"
		<-ctx.Done()
		select {
		case fenced <- context.Cause(ctx):
		default:
		}
		return ctx.Err()
	}
	startWork(t, db.WorkFast, h)
	before := newGoal("before")
	require.NoError(t, db.CreateGoal(t.Context(), before, ""))
	require.Equal(t, before.GoalID, <-ran)
	require.Positive(t, <-changed)
	require.NoError(t, db.EnqueueReconcile(t.Context(), "s"))
	require.Equal(t, "reconcile", <-ran)

	// Until it has started, River ends its jobs before the worker's pulse can.
	conn := connect(t, cluster.URL("postgres"))
	for count(t, conn, "SELECT count(*) FROM workers") == 0 {
		require.NoError(t, t.Context().Err())
	}
	require.NoError(t, cluster.Stop())
	require.ErrorIs(t, <-fenced, aegis.ErrLeaseLost, "a worker without the database stops its jobs")
	require.ErrorIs(t, db.Ping(t.Context()), aegis.ErrUnavailable)
	require.ErrorIs(t, db.CreateGoal(t.Context(), newGoal("lost"), ""), aegis.ErrUnavailable)
	require.NoError(t, cluster.Restart())

	after := newGoal("after")
	require.NoError(t, db.CreateGoal(t.Context(), after, ""))
	for id := ""; id != after.GoalID; {
		id = <-ran
	}
	events, err := db.Events(t.Context(), after.GoalID, 0, 1)
	require.NoError(t, err)
	for seq := int64(0); seq < events[0].Seq; {
		seq = <-changed
	}
}
