package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func TestClaim(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	cs := propose(t, db, "s")
	claim := func(version int64, holder string, ttl time.Duration) error {
		_, err := db.Claim(t.Context(), cs.ChangeSetID, version, holder, ttl)
		return err
	}

	require.ErrorIs(t, claim(2, "a", time.Minute), aegis.ErrStale)
	require.NoError(t, claim(1, "a", time.Minute))
	require.ErrorIs(t, claim(1, "b", time.Minute), aegis.ErrLeaseHeld)
	require.NoError(t, db.Release(t.Context(), cs.ChangeSetID, "b"), "not the holder's")
	require.ErrorIs(t, claim(1, "b", time.Minute), aegis.ErrLeaseHeld)
	require.NoError(t, db.Release(t.Context(), cs.ChangeSetID, "a"))
	require.NoError(t, claim(1, "b", 0), "a hold that runs out at once")
	require.NoError(t, claim(1, "c", time.Minute))
	_, err := db.Heartbeat(t.Context(), cs.ChangeSetID, "b", time.Minute)
	require.ErrorIs(t, err, aegis.ErrLeaseLost)
	version, err := db.Heartbeat(t.Context(), cs.ChangeSetID, "c", time.Minute)
	require.NoError(t, err)
	require.EqualValues(t, 1, version)
	require.ErrorIs(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Holder: "b"}), aegis.ErrLeaseLost)
	_, err = db.Claim(t.Context(), "cs-none", 1, "a", time.Minute)
	require.ErrorIs(t, err, aegis.ErrNotFound)

	cs.Phase, cs.PromotionState = aegis.PhaseDone, aegis.StateCancelled
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs}), "someone outside ends it")
	version, err = db.Heartbeat(t.Context(), cs.ChangeSetID, "c", time.Minute)
	require.NoError(t, err)
	require.EqualValues(t, 2, version, "the holder learns of it")
	require.ErrorIs(t, claim(2, "d", time.Minute), aegis.ErrStale)
}

// TestFencingTokensOnlyRise lets many workers claim with holds that run out at
// once, so that each takes it from the one before.
func TestFencingTokensOnlyRise(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	cs := propose(t, db, "s1", "s2")
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Own: cs.Target.StackIDs}))
	const workers = 12
	var mu sync.Mutex
	var tokens []int64
	var group errgroup.Group
	for i := range workers {
		group.Go(func() error {
			for {
				claimed, err := db.Claim(t.Context(), cs.ChangeSetID, 2, fmt.Sprint(i), 0)
				if errors.Is(err, aegis.ErrLeaseHeld) {
					continue // claimed within the same microsecond
				}
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				tokens = append(tokens, claimed.Tokens["s1"])
				require.Len(t, claimed.Tokens, 2)
				return nil
			}
		})
	}
	require.NoError(t, group.Wait())
	slices.Sort(tokens)
	require.Len(t, slices.Compact(tokens), workers, "no token is given twice")
	require.EqualValues(t, 1+workers, slices.Max(tokens))
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	dead, live, late, fresh := propose(t, db), propose(t, db), propose(t, db), propose(t, db)
	_, err := db.Claim(t.Context(), dead.ChangeSetID, 1, "dead", 0)
	require.NoError(t, err)
	_, err = db.Claim(t.Context(), live.ChangeSetID, 1, "live", time.Minute)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE change_sets SET due_at = now() - interval '1 minute' WHERE change_set_id = $1`, late.ChangeSetID)
	require.NoError(t, err)

	orphans, err := db.Orphans(t.Context(), 30*time.Second)
	require.NoError(t, err)
	require.ElementsMatch(t, []rollout.Orphan{
		{ChangeSetID: dead.ChangeSetID, Version: 1, Holder: "dead"}, {ChangeSetID: late.ChangeSetID, Version: 1},
	}, orphans)
	require.NotContains(t, orphans, rollout.Orphan{ChangeSetID: fresh.ChangeSetID, Version: 1})

	var group errgroup.Group
	for range 4 {
		for _, orphan := range orphans {
			group.Go(func() error {
				if err := db.Requeue(t.Context(), orphan); !errors.Is(err, aegis.ErrStale) {
					return err
				}
				return nil
			})
		}
	}
	require.NoError(t, group.Wait())
	jobs := `SELECT count(*) FROM river_job WHERE args->>'change_set_id' = $1 AND args->>'version' = $2`
	require.Equal(t, 1, count(t, conn, jobs, dead.ChangeSetID, "2"), "once, for a version that makes the old job stale")
	require.Equal(t, 2, count(t, conn, jobs, late.ChangeSetID, "1"), "once more, for the same version")
	require.ErrorIs(t, db.Requeue(t.Context(), rollout.Orphan{ChangeSetID: live.ChangeSetID, Version: 1, Holder: "live"}), aegis.ErrStale)
	_, err = db.Heartbeat(t.Context(), dead.ChangeSetID, "dead", time.Minute)
	require.ErrorIs(t, err, aegis.ErrLeaseLost)

	require.NoError(t, db.Defer(t.Context(), late.ChangeSetID, 1, time.Hour))
	orphans, err = db.Orphans(t.Context(), 0)
	require.NoError(t, err)
	require.NotContains(t, orphans, rollout.Orphan{ChangeSetID: late.ChangeSetID, Version: 1})
}
