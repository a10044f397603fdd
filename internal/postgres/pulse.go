package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// timing is the life of workers and jobs; tests shorten it.
type timing struct {
	// beat is the time between two signs of life of a worker; one that was
	// silent for dead has its jobs given to others; one that could not give a
	// sign for fence stops its own jobs before that.
	beat, fence, dead time.Duration
	// reap and sweep are the periods of those jobs.
	reap, sweep time.Duration
	// stop is how long jobs may finish before they are cancelled.
	stop time.Duration
}

func defaultTiming() timing {
	return timing{
		beat: 3 * time.Second, fence: 9 * time.Second, dead: 12 * time.Second,
		reap: 5 * time.Second, sweep: time.Minute, stop: 10 * time.Second,
	}
}

// pulse is a worker's sign of life. Without it, jobs of a killed process would
// wait for River's rescue, which must be longer than the longest job.
type pulse struct {
	db     *DB
	worker string
	timing timing
	// life is what jobs run under; it is replaced when the pulse was lost.
	life atomic.Pointer[life]
}

// life ends when the worker could not give a sign for too long.
type life struct {
	ctx context.Context //nolint:containedctx // it is a stretch of time that jobs join, see pulse.join
	end context.CancelCauseFunc
}

func newPulse(ctx context.Context, db *DB, worker string, t timing) *pulse {
	p := &pulse{db: db, worker: worker, timing: t}
	p.renew(ctx)
	return p
}

func (p *pulse) renew(ctx context.Context) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	p.life.Store(&life{ctx, end})
}

// join derives a job's context that also ends when the pulse is lost.
func (p *pulse) join(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	life := p.life.Load()
	unjoin := context.AfterFunc(life.ctx, func() { cancel(context.Cause(life.ctx)) })
	return ctx, func() {
		unjoin()
		cancel(nil)
	}
}

// run gives signs until ctx ends, then takes the worker off the list.
func (p *pulse) run(ctx context.Context) {
	tick := time.NewTicker(p.timing.beat)
	defer tick.Stop()
	last := time.Now()
	for {
		switch err := p.beat(ctx); {
		case err == nil:
			last = time.Now()
			if p.life.Load().ctx.Err() != nil {
				p.renew(ctx)
			}
		case ctx.Err() == nil && time.Since(last) >= p.timing.fence:
			p.life.Load().end(fmt.Errorf("worker lost the database: %w", aegis.ErrLeaseLost))
			p.db.logger.WarnContext(ctx, "jobs stopped without the database", "worker_id", p.worker, "error", err)
		}
		select {
		case <-ctx.Done():
			p.leave(ctx)
			return
		case <-tick.C:
		}
	}
}

// beat gives one sign, and gives the jobs of workers that gave none for too
// long to whoever fetches them first.
func (p *pulse) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.timing.beat)
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(`
		INSERT INTO workers (worker_id, beat_at) VALUES ($1, clock_timestamp())
		ON CONFLICT (worker_id) DO UPDATE SET beat_at = excluded.beat_at`, p.worker)
	b.Queue(`
		UPDATE river_job SET state = 'available', scheduled_at = now(), attempt = greatest(attempt - 1, 0)
		WHERE id IN (
			SELECT id FROM river_job
			WHERE state = 'running' AND attempted_at < now() - $1::interval
				AND NOT EXISTS (
					SELECT 1 FROM workers
					WHERE worker_id = attempted_by[cardinality(attempted_by)] AND beat_at > now() - $1::interval)
			FOR UPDATE SKIP LOCKED)`, p.timing.dead)
	return p.db.send(ctx, b)
}

func (p *pulse) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timing.beat)
	defer cancel()
	if _, err := p.db.pool.Exec(ctx, `DELETE FROM workers WHERE worker_id = $1`, p.worker); err != nil {
		p.db.logger.WarnContext(ctx, "worker not signed off", "worker_id", p.worker, "error", err)
	}
}
