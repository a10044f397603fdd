package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegisworld/aegis"
)

// Reap gives the work of dead workers to others and returns how many change
// sets it gave. It is to run every few seconds; then a change set goes on
// within the lease's time to live and that interval.
func (d *Door) Reap(ctx context.Context) (int, error) {
	found, err := d.store.Orphans(ctx, d.timing.Overdue)
	if err != nil {
		return 0, fmt.Errorf("look for orphaned change sets: %w", err)
	}
	var count int
	var failures []error
	for _, o := range found {
		err := d.store.Requeue(ctx, o)
		switch {
		case errors.Is(err, aegis.ErrStale):
		case err != nil:
			failures = append(failures, fmt.Errorf("requeue change set %s: %w", o.ChangeSetID, err))
		default:
			count++
			d.logger.InfoContext(ctx, "change set requeued", "change_set_id", o.ChangeSetID, "version", o.Version, "holder", o.Holder)
		}
	}
	return count, errors.Join(failures...)
}
