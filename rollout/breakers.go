package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
)

// trip opens the breakers of stacks whose changes keep failing, as the breaker
// settings of the granted policy say. It is asked at the end of a change set.
func (r *run) trip(ctx context.Context) error {
	state := r.cs.PromotionState
	if state != aegis.StateRolledBack && state != aegis.StateFailed || r.cs.ExecutionPolicy == nil {
		return nil
	}
	settings := r.cs.ExecutionPolicy.RollbackPolicy.Breaker
	if settings.Failures <= 0 {
		return nil
	}
	now := r.now()
	since := now.Add(-time.Duration(settings.WindowSeconds) * time.Second)
	for _, id := range append(touched(r.cs), undoneStacks(r.cs)...) {
		past, err := r.store.History(ctx, []string{id}, since)
		if err != nil {
			return fmt.Errorf("read the history of stack %s: %w", id, err)
		}
		failures := past.RolledBack + past.Failed + 1 // with this one
		if failures < settings.Failures {
			continue
		}
		expires := now.Add(time.Duration(settings.OpenSeconds) * time.Second)
		r.pending.Breakers = append(r.pending.Breakers, aegis.Breaker{
			BreakerID: aegis.NewID(aegis.BreakerPrefix, now), Scope: aegis.BreakerStack, Key: id, Open: true,
			Reason:   fmt.Sprintf("%d changes failed within %d s, the last one %s", failures, settings.WindowSeconds, r.cs.ChangeSetID),
			OpenedBy: "aegis", OpenedAt: now, ExpiresAt: &expires,
		})
	}
	return nil
}
