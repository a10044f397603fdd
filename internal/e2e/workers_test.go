package e2e_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// TestTwoWorkersShareTheLoad has a second process work on the estate's
// database, and die of kill -9 while it does.
func TestTwoWorkersShareTheLoad(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	pool, err := pgxpool.New(ctx, estate.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	log := &syncBuffer{}
	second, err := e2e.Start(ctx, e2e.Options{Executable: binary(), DataDir: estate.DataDir(), Estate: "small", Log: log, Args: estate.args})
	require.NoError(t, err, log.tail())
	t.Cleanup(func() { _ = second.Kill() })

	goals := map[string]string{} // by setting
	for i := range 6 {
		name := fmt.Sprintf("shared-%d", i)
		p := []*e2e.Process{estate.Process, second}[i%2]
		g, err := client.New(p.URL, p.Token).CreateGoal(ctx, aegis.GoalSpec{
			Intent: fmt.Sprintf("set setting %s to yes in %s", name, estate.Regions[i%len(estate.Regions)]),
		})
		require.NoError(t, err)
		goals[name] = g.GoalID
	}
	require.NoError(t, e2e.Await(ctx, "both workers to work", func(ctx context.Context) (bool, error) {
		var workers int
		err := pool.QueryRow(ctx, `
			SELECT count(DISTINCT job.attempted_by[cardinality(job.attempted_by)])
			FROM river_job job JOIN workers ON worker_id = job.attempted_by[cardinality(job.attempted_by)]
			WHERE job.args->>'change_set_id' IN (SELECT change_set_id FROM change_sets WHERE goal_id = ANY($1))`,
			values(goals)).Scan(&workers)
		return workers == 2, err
	}))
	require.NoError(t, second.Kill())

	c := client.New(estate.URL, estate.Token)
	for name, id := range goals {
		g, err := e2e.AwaitGoal(ctx, c, id)
		require.NoError(t, err)
		require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
		counts, err := estate.CountCalls("PutParameter", name)
		require.NoError(t, err)
		require.Len(t, counts, 1, "one region")
		for region, n := range counts {
			require.Equal(t, 1, n, region)
		}
	}
}

func values(m map[string]string) (out []string) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
