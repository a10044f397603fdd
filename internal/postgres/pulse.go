package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
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

	mu sync.Mutex
	// jobs are the ids of running jobs, and of those that ended a short while
	// ago, with the time of it.
	jobs map[int64]time.Time
}

// life ends when the worker could not give a sign for too long.
type life struct {
	ctx context.Context //nolint:containedctx // it is a stretch of time that jobs join, see pulse.join
	end context.CancelCauseFunc
}

func newPulse(ctx context.Context, db *DB, worker string, t timing) *pulse {
	p := &pulse{db: db, worker: worker, timing: t, jobs: map[int64]time.Time{}}
	p.renew(ctx)
	return p
}

func (p *pulse) renew(ctx context.Context) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	p.life.Store(&life{ctx, end})
}

// join derives a job's context that also ends when the pulse is lost.
func (p *pulse) join(ctx context.Context, job int64) (context.Context, context.CancelFunc) {
	p.note(job, time.Time{})
	ctx, cancel := context.WithCancelCause(ctx)
	life := p.life.Load()
	unjoin := context.AfterFunc(life.ctx, func() { cancel(context.Cause(life.ctx)) })
	return ctx, func() {
		p.note(job, time.Now())
		unjoin()
		cancel(nil)
	}
}

func (p *pulse) note(job int64, ended time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs[job] = ended
}

// mine lists the jobs that this worker answers for: those that run, and those
// whose end River may not have written yet.
func (p *pulse) mine() []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.jobs, func(_ int64, ended time.Time) bool {
		return !ended.IsZero() && time.Since(ended) > p.timing.dead
	})
	return slices.AppendSeq(make([]int64, 0, len(p.jobs)), maps.Keys(p.jobs))
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

// beat gives one sign, and makes jobs available again that are said to run but
// do not: those of workers that gave no sign for too long, and those of its own
// whose end could not be written, as when the database was away.
func (p *pulse) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.timing.beat)
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(`
		INSERT INTO workers (worker_id, beat_at) VALUES ($1, clock_timestamp())
		ON CONFLICT (worker_id) DO UPDATE SET beat_at = excluded.beat_at`, p.worker)
	b.Queue(`
		UPDATE river_job SET state = 'available', scheduled_at = now()
		WHERE id IN (
			SELECT id FROM river_job
			WHERE state = 'running' AND attempted_at < now() - $1::interval
				AND CASE attempted_by[cardinality(attempted_by)]
					WHEN $2 THEN id <> ALL ($3::bigint[])
					ELSE NOT EXISTS (
						SELECT 1 FROM workers
						WHERE worker_id = attempted_by[cardinality(attempted_by)] AND beat_at > now() - $1::interval)
					END
			FOR UPDATE SKIP LOCKED)`, p.timing.dead, p.worker, p.mine())
	return p.db.send(ctx, b)
}

func (p *pulse) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timing.beat)
	defer cancel()
	if _, err := p.db.pool.Exec(ctx, `DELETE FROM workers WHERE worker_id = $1`, p.worker); err != nil {
		p.db.logger.WarnContext(ctx, "worker not signed off", "worker_id", p.worker, "error", err)
	}
}
