package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Queues keep short jobs from waiting behind long ones.
const (
	queueSteps       = "steps"
	queueGoals       = "goals"
	queueReconcile   = "reconcile"
	queueObserve     = "observe"
	queueMaintenance = "maintenance"
	queueWebhooks    = "webhooks"
)

type changeSetJob struct {
	ChangeSetID string `json:"change_set_id"`
	Version     int64  `json:"version"`
}

// Kind names the job.
func (changeSetJob) Kind() string { return "change_set" }

type goalJob struct {
	GoalID string `json:"goal_id"`
}

// Kind names the job.
func (goalJob) Kind() string { return "goal" }

type goalSettleJob struct {
	GoalID string `json:"goal_id"`
}

// Kind names the job.
func (goalSettleJob) Kind() string { return "goal_settle" }

type reconcileJob struct {
	StackID string `json:"stack_id"`
}

// Kind names the job.
func (reconcileJob) Kind() string { return "reconcile" }

// observeJob looks at what events say of a stack.
type observeJob struct {
	StackID string `json:"stack_id"`
}

// Kind names the job.
func (observeJob) Kind() string { return "observe" }

// stockJob looks at what is unmanaged in a region.
type stockJob struct {
	Region string `json:"region"`
}

// Kind names the job.
func (stockJob) Kind() string { return "stock" }

type deliveryJob struct {
	DeliveryID string `json:"delivery_id"`
}

// Kind names the job.
func (deliveryJob) Kind() string { return "webhook_delivery" }

type reapJob struct{}

// Kind names the job.
func (reapJob) Kind() string { return "reap" }

type sweepJob struct{}

// Kind names the job.
func (sweepJob) Kind() string { return "sweep" }

// jobAttempts is how often a job is tried that keeps failing; with the backoff
// of half a minute that is some four hours.
const jobAttempts = 500

type jobArgs interface{ Kind() string }

// enqueue queues the insertion of a job that is due after delay, by the
// database's clock. It writes River's table itself, as River's clients for
// other languages do, for two reasons: it goes in one round trip with the rows
// that the job is about, and the job is available at its time to the
// millisecond, where River's own scheduling adds up to five seconds.
func enqueue(b *pgx.Batch, queue string, args jobArgs, delay time.Duration) {
	encoded, err := json.Marshal(args)
	if err != nil {
		panic(fmt.Sprintf("job %s: %v", args.Kind(), err)) // strings and numbers always marshal
	}
	b.Queue(`
		INSERT INTO river_job (kind, queue, args, max_attempts, scheduled_at)
		VALUES ($1, $2, $3, $4, now() + $5)`,
		args.Kind(), queue, encoded, jobAttempts, max(delay, 0))
	if delay <= 0 {
		notifyQueue(b, queue)
	}
}

// notifyQueue has the workers look at a queue now.
func notifyQueue(b *pgx.Batch, queue string) {
	b.Queue(`SELECT pg_notify(current_schema() || '.river_insert', json_build_object('queue', $1::text)::text)`, queue)
}

// EnqueueReconcile asks for a reconcile of a stack, unless one waits already.
func (db *DB) EnqueueReconcile(ctx context.Context, stackID string) error {
	b := &pgx.Batch{}
	var waits bool
	err := db.pool.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT 1 FROM river_job
			WHERE args @> jsonb_build_object('stack_id', $1::text) AND kind = 'reconcile' AND state = 'available'
		)`, stackID).Scan(&waits)
	if err != nil {
		return fmt.Errorf("enqueue reconcile of %s: %w", stackID, mapError(err))
	}
	if waits {
		return nil
	}
	enqueue(b, queueReconcile, reconcileJob{StackID: stackID}, 0)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("enqueue reconcile of %s: %w", stackID, err)
	}
	return nil
}
