package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// alonePause is how long a goal's job waits for another of the same goal.
const alonePause = 500 * time.Millisecond

// busyError says that another job of the goal runs.
type busyError struct{ goalID string }

func (e busyError) Error() string { return "another job of goal " + e.goalID + " runs" }

// RetryAfter is when to come back.
func (busyError) RetryAfter() time.Duration { return alonePause }

// alone works on a goal unless a job that began before does: that one sees all that
// this one would, or this one sees what it left. Two at once would each ask, and pay,
// a model the same. A dead worker's job is no longer said to run once it was given up.
func (db *DB) alone(p *pulse, do func(context.Context, string) error) river.Worker[goalJob] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[goalJob]) error {
		return work(p, func(ctx context.Context, j goalJob) error {
			busy, err := db.goalIsWorkedOn(ctx, job.ID, j.GoalID)
			if err != nil {
				return err
			}
			if busy {
				return busyError{j.GoalID}
			}
			return do(ctx, j.GoalID)
		}).Work(ctx, job)
	})
}

// goalIsWorkedOn says whether a job of the goal runs that began before this one.
func (db *DB) goalIsWorkedOn(ctx context.Context, jobID int64, goalID string) (busy bool, err error) {
	err = db.pool.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT 1 FROM river_job other, river_job this
			WHERE this.id = $1 AND other.args @> jsonb_build_object('goal_id', $2::text)
				AND other.kind = $3 AND other.state = 'running' AND other.id <> this.id
				AND (other.attempted_at, other.id) < (this.attempted_at, this.id)
		)`, jobID, goalID, goalJob{}.Kind()).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("look for other jobs of goal %s: %w", goalID, mapError(err))
	}
	return busy, nil
}
