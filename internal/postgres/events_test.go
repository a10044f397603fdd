package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
)

// TestEventsAreReadInOrderOfCommit follows the events while many transactions
// append some: a follower that never looks back must miss none.
func TestEventsAreReadInOrderOfCommit(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	const writers, each = 8, 40
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for range each {
				if err := db.CreateGoal(t.Context(), newGoal("x"), ""); err != nil {
					return err
				}
			}
			return nil
		})
	}
	seen := follow(t, db, writers*each)
	require.NoError(t, group.Wait())
	require.Len(t, seen, writers*each)
}

// follow reads events as a stream does until it has seen n.
func follow(t *testing.T, db *postgres.DB, n int) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changed, err := db.Watch(ctx)
	require.NoError(t, err)
	seen := map[string]bool{}
	after := int64(0)
	for len(seen) < n {
		seq, ok := <-changed
		require.True(t, ok)
		events, err := db.Events(ctx, "", after, 500)
		require.NoError(t, err)
		for _, e := range events {
			require.Greater(t, e.Seq, after)
			require.False(t, seen[e.ID])
			seen[e.ID], after = true, e.Seq
		}
		require.GreaterOrEqual(t, after, seq)
	}
	return seen
}

func TestWatchersShareAndEnd(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	listeners := func() int {
		return count(t, conn, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT coalesce(max(seq)%' AND pid <> pg_backend_pid()`)
	}
	require.NoError(t, db.CreateGoal(t.Context(), newGoal("x"), ""))
	ctx, cancel := context.WithCancel(t.Context())
	var all []<-chan int64
	for range 50 {
		changed, err := db.Watch(ctx)
		require.NoError(t, err)
		all = append(all, changed)
	}
	for _, changed := range all {
		require.Positive(t, <-changed)
	}
	require.Equal(t, 1, listeners())
	cancel()
	for _, changed := range all {
		for range changed {
		}
	}

	again, err := db.Watch(t.Context())
	require.NoError(t, err)
	require.Positive(t, <-again, "a later watcher starts the connection anew")
	_, err = db.Watch(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestEventsOfOneGoal(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one, two := newGoal("1"), newGoal("2")
	require.NoError(t, db.CreateGoal(t.Context(), one, ""))
	require.NoError(t, db.CreateGoal(t.Context(), two, ""))
	cs := newChangeSet()
	cs.GoalID = one.GoalID
	require.NoError(t, db.InsertChangeSet(t.Context(), cs))

	events, err := db.Events(t.Context(), one.GoalID, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, "change_set.proposed", events[1].Type)
	events, err = db.Events(t.Context(), one.GoalID, events[0].Seq, 1)
	require.NoError(t, err)
	require.Len(t, events, 1)
}

// Who watches a goal is not woken for others.
func TestWatchersOfAGoal(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one, two := newGoal("1"), newGoal("2")
	require.NoError(t, db.CreateGoal(t.Context(), one, ""))
	ofOne, err := db.WatchGoal(t.Context(), one.GoalID)
	require.NoError(t, err)
	ofAll, err := db.Watch(t.Context())
	require.NoError(t, err)
	first := <-ofOne
	require.Equal(t, first, <-ofAll)

	require.NoError(t, db.CreateGoal(t.Context(), two, ""))
	second := <-ofAll
	require.Greater(t, second, first)
	select {
	case <-ofOne:
		require.Fail(t, "woken for another goal")
	default:
	}
	one.State = aegis.GoalPlanning
	require.NoError(t, db.UpdateGoal(t.Context(), one))
	require.Greater(t, <-ofOne, second)
}
