package decisionlog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/decisionlog"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// told notes what metrics are told.
type told struct {
	mu     sync.Mutex
	lag    time.Duration
	taken  int
	failed int
}

func (m *told) SetDecisionLag(lag time.Duration) { m.mu.Lock(); defer m.mu.Unlock(); m.lag = lag }

func (m *told) behind() time.Duration { m.mu.Lock(); defer m.mu.Unlock(); return m.lag }

func (m *told) CountDecisionUpload(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.failed++
		return
	}
	m.taken++
}

// record commits n decisions.
func record(t *testing.T, db *postgres.DB, n int) (ids []string) {
	t.Helper()
	now := time.Now()
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: aegis.NewID(aegis.ChangeSetPrefix, now), Source: aegis.SourceOperator, Phase: aegis.PhaseGate,
		PromotionState: aegis.StateProposed, Version: 1, CreatedAt: now,
	}
	require.NoError(t, db.InsertChangeSet(t.Context(), cs))
	for i := range n {
		d := aegis.Decision{
			DecisionID: fmt.Sprintf("%s-%04d", cs.ChangeSetID, i), ChangeSetID: cs.ChangeSetID, Path: "aegis/gate", DecidedAt: now,
			Input: json.RawMessage(fmt.Sprintf(`{"n": %d}`, i)), Result: aegis.GateResult{Deny: []aegis.RuleResult{}}, Allowed: true,
		}
		require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Decision: &d}))
		cs.Version++
		ids = append(ids, d.DecisionID)
	}
	return ids
}

// TestNothingIsLost streams by two processes to a sink that fails in every way
// there is, until it took all.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	ids := record(t, db, 450)
	server := newSIEM(t)
	calls := 0
	server.answer = func(w http.ResponseWriter, events []opaEvent) bool {
		calls++
		switch calls {
		case 1:
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2, 5:
			server.events = append(server.events, events...) // taken, and then the answer is lost
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		case 4:
			w.WriteHeader(http.StatusInternalServerError)
		default:
			return false
		}
		return true
	}
	metrics := &told{lag: -1}
	ctx, stop := context.WithCancel(t.Context())
	var pauses []time.Duration
	var mu sync.Mutex
	run := func() error {
		return (&decisionlog.Streamer{
			Store: db, Sink: newSink(t, decisionlog.Options{URL: server.URL}), Metrics: metrics, Logger: slog.New(slog.DiscardHandler),
			Pause: func(_ context.Context, d time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				pauses = append(pauses, d)
				seen := map[string]bool{}
				for _, id := range server.ids() {
					seen[id] = true
				}
				if metrics.behind() == 0 && len(seen) == len(ids) {
					stop()
				}
			},
		}).Run(ctx)
	}
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if err := run(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Subset(t, server.ids(), ids)
	require.Contains(t, pauses, time.Minute, "Retry-After is heeded, up to a minute")
	require.GreaterOrEqual(t, metrics.failed, 3)
	require.GreaterOrEqual(t, metrics.taken, 3)
}

// deaf is a log that can't be read.
type deaf struct{}

func (deaf) DeliverDecisions(context.Context, string, int, func(context.Context, []aegis.Decision) error) (int, error) {
	return 0, errors.New("no log")
}

func (deaf) DecisionLag(context.Context, string) (time.Duration, error) {
	return 0, errors.New("no log")
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	var pauses []time.Duration
	ctx, stop := context.WithCancel(t.Context())
	streamer := &decisionlog.Streamer{
		Store: deaf{}, Sink: newSink(t, decisionlog.Options{URL: "https://siem.example"}), Metrics: &told{},
		Logger: slog.New(slog.DiscardHandler),
		Pause: func(_ context.Context, d time.Duration) {
			if pauses = append(pauses, d); len(pauses) == 8 {
				stop()
			}
		},
	}
	require.NoError(t, streamer.Run(ctx))
	require.Equal(t, []time.Duration{
		time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute,
	}, pauses)
}
