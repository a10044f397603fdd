package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/aegisworld/aegis"
)

const (
	// jobTimeout is more than the longest engine run takes.
	jobTimeout = 45 * time.Minute
	// rescueAfter is River's own rescue, for a job that even its timeout does
	// not end; dead workers are found by their pulse.
	rescueAfter = jobTimeout + 15*time.Minute
	// retryMax bounds the pause after an error.
	retryMax = 30 * time.Second
)

// Handlers do the work. An error is tried again, later each time up to half a
// minute; one with a method RetryAfter() time.Duration says when itself, and
// does not count as a failure.
type Handlers struct {
	// Step moves a change set on from a version; a stale one is no error.
	Step func(ctx context.Context, changeSetID string, version int64) error
	// Goal plans a goal, Settle derives its state from its change sets.
	Goal   func(ctx context.Context, goalID string) error
	Settle func(ctx context.Context, goalID string) error
	// Reconcile observes one stack.
	Reconcile func(ctx context.Context, stackID string) error
	// Observe looks at what pending events say of one stack.
	Observe func(ctx context.Context, stackID string) error
	// Stock looks at what is unmanaged in a region, "" for what has none.
	Stock func(ctx context.Context, region string) error
	// Deliver posts one delivery to its webhook.
	Deliver func(ctx context.Context, deliveryID string) error
	// Reap runs every 5 s and Sweep every minute, in one process at a time.
	Reap  func(ctx context.Context) error
	Sweep func(ctx context.Context) error
	// DecisionRetention is how long decisions are kept, in whole months; 0 is
	// for ever.
	DecisionRetention time.Duration
}

// Work works jobs until ctx ends, then lets running ones finish for 10 s,
// cancels the rest and gives them back. Any number of processes may do so. It
// waits for a database that is away at the start, and survives one that goes
// away later.
func (db *DB) Work(ctx context.Context, h Handlers) error { return db.work(ctx, h, defaultTiming()) }

func (db *DB) work(ctx context.Context, h Handlers, t timing) error {
	worker := aegis.NewID("worker", time.Now())
	life := newPulse(ctx, db, worker, t)
	client, err := river.NewClient(riverpgxv5.New(db.pool), db.riverConfig(h, life))
	if err != nil {
		return fmt.Errorf("make job workers: %w", err)
	}
	if started, err := db.start(ctx, client.Start); !started {
		return err
	}
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		life.run(beating)
	}()
	<-client.Stopped()
	stopBeating()
	<-done
	return nil
}

// start tries until the database is there or ctx ends, which is no error.
func (db *DB) start(ctx context.Context, try func(context.Context) error) (started bool, err error) {
	for ctx.Err() == nil {
		err := try(ctx)
		if err == nil {
			return true, nil
		}
		if !errors.Is(mapError(err), aegis.ErrUnavailable) {
			return false, fmt.Errorf("start job workers: %w", err)
		}
		db.logger.WarnContext(ctx, "job workers wait for the database", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return false, nil
}

func (db *DB) riverConfig(h Handlers, p *pulse) *river.Config {
	queue := func(workers int, cooldown, poll time.Duration) river.QueueConfig {
		return river.QueueConfig{MaxWorkers: workers, FetchCooldown: cooldown, FetchPollInterval: poll}
	}
	return &river.Config{
		ID: p.worker,
		Queues: map[string]river.QueueConfig{
			queueSteps:       queue(32, 10*time.Millisecond, 100*time.Millisecond),
			queueGoals:       queue(8, 10*time.Millisecond, 100*time.Millisecond),
			queueReconcile:   queue(8, 50*time.Millisecond, 500*time.Millisecond),
			queueObserve:     queue(16, 10*time.Millisecond, 100*time.Millisecond),
			queueWebhooks:    queue(64, 10*time.Millisecond, 200*time.Millisecond),
			queueMaintenance: queue(2, 50*time.Millisecond, 500*time.Millisecond),
		},
		Workers:                     db.workers(h, p),
		PeriodicJobs:                periodicJobs(p.timing),
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		SoftStopTimeout:             p.timing.stop,
		RetryPolicy:                 backoff{},
		CompletedJobRetentionPeriod: time.Hour,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
		Logger:                      warnings(db.logger),
	}
}

func periodicJobs(t timing) []*river.PeriodicJob {
	once := &river.InsertOpts{Queue: queueMaintenance, MaxAttempts: 1}
	every := func(period time.Duration, args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(period),
			func() (river.JobArgs, *river.InsertOpts) { return args, once },
			&river.PeriodicJobOpts{ID: args.Kind(), RunOnStart: true})
	}
	return []*river.PeriodicJob{every(t.reap, reapJob{}), every(t.sweep, sweepJob{})}
}

func (db *DB) workers(h Handlers, p *pulse) *river.Workers {
	ws := river.NewWorkers()
	river.AddWorker(ws, work(p, func(ctx context.Context, j changeSetJob) error { return h.Step(ctx, j.ChangeSetID, j.Version) }))
	river.AddWorker(ws, db.alone(p, h.Goal))
	river.AddWorker(ws, work(p, func(ctx context.Context, j goalSettleJob) error { return h.Settle(ctx, j.GoalID) }))
	river.AddWorker(ws, work(p, func(ctx context.Context, j reconcileJob) error { return h.Reconcile(ctx, j.StackID) }))
	river.AddWorker(ws, work(p, func(ctx context.Context, j observeJob) error { return h.Observe(ctx, j.StackID) }))
	river.AddWorker(ws, work(p, func(ctx context.Context, j stockJob) error { return h.Stock(ctx, j.Region) }))
	river.AddWorker(ws, work(p, func(ctx context.Context, j deliveryJob) error { return h.Deliver(ctx, j.DeliveryID) }))
	river.AddWorker(ws, work(p, func(ctx context.Context, _ reapJob) error { return h.Reap(ctx) }))
	river.AddWorker(ws, work(p, func(ctx context.Context, _ sweepJob) error {
		return errors.Join(
			db.prune(ctx), db.healDeliveries(ctx), db.rotateDecisions(ctx, time.Now(), h.DecisionRetention), h.Sweep(ctx))
	}))
	return ws
}

// work makes a worker of a function: its context ends with the worker's pulse,
// and an error that says when to come back snoozes.
func work[T river.JobArgs](p *pulse, do func(context.Context, T) error) river.Worker[T] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error {
		ctx, cancel := p.join(ctx, job.ID)
		defer cancel()
		err := do(ctx, job.Args)
		if later, ok := errors.AsType[interface {
			error
			RetryAfter() time.Duration
		}](err); ok {
			return river.JobSnooze(max(later.RetryAfter(), 0))
		}
		return err
	})
}

// backoff is the pause after a job's errors: half a second, doubled each time,
// at most retryMax.
type backoff struct{}

// NextRetry says when a failed job is due again.
func (backoff) NextRetry(job *rivertype.JobRow) time.Time {
	pause := retryMax
	if doublings := len(job.Errors); doublings < 6 {
		pause = min(retryMax, 500*time.Millisecond<<doublings)
	}
	return time.Now().Add(pause)
}
