package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

const plenty = 1 << 30

// deliver returns the ids that a sink is sent, once.
func deliver(ctx context.Context, t *testing.T, db *postgres.DB, sink string, maxBytes int) (ids []string) {
	t.Helper()
	sent, err := db.DeliverDecisions(ctx, sink, maxBytes, func(_ context.Context, batch []aegis.Decision) error {
		for _, d := range batch {
			ids = append(ids, d.DecisionID)
		}
		return nil
	})
	require.NoError(t, err)
	require.Len(t, ids, sent)
	return ids
}

// settle waits until no transaction of the server, of any of its databases,
// began before one that decided something.
func settle(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	require.Eventually(t, func() bool {
		return count(t, conn, `SELECT count(*) FROM decisions WHERE log_xid >= pg_snapshot_xmin(pg_current_snapshot())`) == 0
	}, time.Minute, 5*time.Millisecond)
}

func TestDecisionsAreDeliveredInOrder(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	at := time.Now().Add(-time.Hour)
	logged(t, db, at,
		aegis.Decision{DecisionID: "dec-2", Input: json.RawMessage(`{"n": 1}`), Shadow: true}, aegis.Decision{DecisionID: "dec-1"})
	logged(t, db, at.AddDate(-9, 0, 0), aegis.Decision{DecisionID: "dec-0"})
	settle(t, conn)

	refused := errors.New("not now")
	_, err := db.DeliverDecisions(t.Context(), "siem", plenty, func(_ context.Context, batch []aegis.Decision) error {
		require.Len(t, batch, 3)
		require.Equal(t, `{"n": 1}`, string(batch[0].Input))
		return refused
	})
	require.ErrorIs(t, err, refused)
	lag, err := db.DecisionLag(t.Context(), "siem")
	require.NoError(t, err)
	require.GreaterOrEqual(t, lag, time.Hour)
	require.Equal(t, []string{"dec-2", "dec-1", "dec-0"}, deliver(t.Context(), t, db, "siem", plenty), "what was not taken comes again")
	require.Empty(t, deliver(t.Context(), t, db, "siem", plenty), "and then no more")
	lag, err = db.DecisionLag(t.Context(), "siem")
	require.NoError(t, err)
	require.Zero(t, lag)

	require.Equal(t, []string{"dec-2"}, deliver(t.Context(), t, db, "other", 1), "each sink has its cursor; one goes whatever its size")
	require.Equal(t, []string{"dec-1"}, deliver(t.Context(), t, db, "other", 1))
	lag, err = db.DecisionLag(t.Context(), "unknown")
	require.NoError(t, err)
	require.Zero(t, lag)

	_, err = conn.Exec(t.Context(), `UPDATE decisions SET result = '"none"' WHERE decision_id = 'dec-0'`)
	require.NoError(t, err)
	require.Equal(t, []string{"dec-0"}, deliver(t.Context(), t, db, "other", 1), "a record that can't be read holds up nothing")
}

func TestDecisionsWaitForTransactionsThatBeganBefore(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	insert := `INSERT INTO decisions (decision_id, change_set_id, stack_ids, bundle_revision, path, input_digest, result, allowed, outcome, rules, latency_us, decided_at, shadow)
		VALUES ('dec-early', '', '{}', '', '', '', '{}', true, 'allowed', '{}', 1, now(), false)`
	_, err = tx.Exec(t.Context(), insert)
	require.NoError(t, err)
	logged(t, db, time.Now(), aegis.Decision{DecisionID: "dec-late"})
	require.Empty(t, deliver(t.Context(), t, db, "siem", plenty), "the cursor would pass dec-early by")
	require.NoError(t, tx.Commit(t.Context()))
	settle(t, conn)
	require.Equal(t, []string{"dec-early", "dec-late"}, deliver(t.Context(), t, db, "siem", plenty))
}

func TestOneProcessSendsAtATime(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	one, two, conn := openURL(t, url), openURL(t, url), connect(t, url)
	logged(t, one, time.Now(), aegis.Decision{DecisionID: "dec-1"})
	settle(t, conn)
	sent, err := one.DeliverDecisions(t.Context(), "siem", plenty, func(ctx context.Context, _ []aegis.Decision) error {
		require.Empty(t, deliver(ctx, t, two, "siem", plenty))
		require.Equal(t, []string{"dec-1"}, deliver(ctx, t, two, "other", plenty))
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	logged(t, one, time.Now(), aegis.Decision{DecisionID: "dec-2"})
	settle(t, conn)
	require.Equal(t, []string{"dec-2"}, deliver(t.Context(), t, two, "siem", plenty))
}

func TestDeliveryEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	logged(t, db, time.Now(), aegis.Decision{DecisionID: "dec-1"})
	settle(t, conn)
	_, err := db.DeliverDecisions(t.Context(), "siem", plenty, func(ctx context.Context, _ []aegis.Decision) error {
		_, err := conn.Exec(ctx, `
			SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		return err
	})
	require.ErrorIs(t, err, aegis.ErrUnavailable, "who lost the turn notes nothing")
	require.Equal(t, []string{"dec-1"}, deliver(t.Context(), t, db, "siem", plenty))
}

func TestDecisionsOfARestoredDatabaseAreDelivered(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	var decisions []aegis.Decision
	for i := range 4 {
		decisions = append(decisions, aegis.Decision{DecisionID: fmt.Sprintf("dec-%d", i)})
	}
	logged(t, db, time.Now(), decisions[:2]...)
	_, err := conn.Exec(t.Context(), `UPDATE decisions SET log_xid = '1000000000'`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO decision_sinks (sink, log_xid, decision_id) VALUES ('siem', '1000000000', 'dec-0')`)
	require.NoError(t, err)
	logged(t, db, time.Now(), decisions[2:]...)
	got := deliver(t.Context(), t, db, "siem", plenty)
	settle(t, conn)
	got = append(got, deliver(t.Context(), t, db, "siem", plenty)...)
	require.Subset(t, got, []string{"dec-1", "dec-2", "dec-3"}, "numbers of transactions began anew")
	require.Empty(t, deliver(t.Context(), t, db, "siem", plenty))
}
