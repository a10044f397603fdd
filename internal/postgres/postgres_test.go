package postgres_test

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// open returns a store and a plain connection to its database.
func open(t *testing.T) (*postgres.DB, *pgx.Conn) {
	t.Helper()
	url := pgtest.New(t)
	return openURL(t, url), connect(t, url)
}

func openURL(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func count(t *testing.T, conn *pgx.Conn, sql string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func newGoal(intent string) aegis.Goal {
	now := time.Now()
	return aegis.Goal{
		GoalSpec: aegis.GoalSpec{GoalID: aegis.NewID(aegis.GoalPrefix, now), Intent: intent, RiskTolerance: aegis.RiskLow},
		State:    aegis.GoalAccepted, Submitter: "alice", CreatedAt: now, UpdatedAt: now,
	}
}

func newChangeSet(stackIDs ...string) aegis.AutonomousChangeSet {
	now := time.Now()
	return aegis.AutonomousChangeSet{
		ChangeSetID: aegis.NewID(aegis.ChangeSetPrefix, now), TraceID: aegis.NewID(aegis.TracePrefix, now),
		Source: aegis.SourceGoal, Actor: "alice", Summary: "more nodes",
		Target:  aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: stackIDs},
		Patches: []aegis.SpecPatch{{StackID: "dev.runtime.eu-west-1", MergePatch: json.RawMessage(`{"node_max":4}`)}},
		Phase:   aegis.PhasePlan, PromotionState: aegis.StateProposed, Version: 1, CreatedAt: now,
	}
}

func newStack(t *testing.T, db *postgres.DB, id string) aegis.Stack {
	t.Helper()
	stack := aegis.Stack{
		StackID: id, Kind: aegis.TargetPulumiStack, Environment: "dev", Layer: "runtime", Region: "eu-west-1",
		DependsOn: []string{"dev.network.eu-west-1"},
	}
	require.NoError(t, db.UpsertStack(t.Context(), stack))
	stack, err := db.Stack(t.Context(), id)
	require.NoError(t, err)
	return stack
}

func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	var group errgroup.Group
	for range 4 {
		db := openURL(t, url)
		group.Go(func() error { return db.Migrate(t.Context()) })
	}
	require.NoError(t, group.Wait())
	require.NoError(t, openURL(t, url).Migrate(t.Context()), "again")
	require.Equal(t, 1, count(t, connect(t, url), `SELECT count(*) FROM pg_tables WHERE tablename = 'change_sets'`))
}

func TestOpenTellsNothingOfABadURL(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), "postgres://aegis:hunter2@localhost:port/db", slog.New(slog.DiscardHandler))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	db := openURL(t, "postgres://aegis@127.0.0.1:1/none?sslmode=disable")
	require.ErrorIs(t, db.Ping(t.Context()), aegis.ErrUnavailable)
	_, err := db.Goal(t.Context(), "goal-1")
	require.ErrorIs(t, err, aegis.ErrUnavailable)
}
