// Package streamtest is what the suites of event sinks share: a database in which
// events happen, their delivery, and senders that die.
package streamtest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/eventstream"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// Sink takes events.
type Sink interface {
	Name() string
	Send(ctx context.Context, events []aegis.Event) error
}

// Source is a control database.
type Source struct {
	DB   *postgres.DB
	conn *pgx.Conn
}

// New makes a database that ends with the test.
func New(t *testing.T) Source {
	t.Helper()
	url := pgtest.New(t)
	db, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return Source{DB: db, conn: conn}
}

// Happen has events happen, in their order.
func (s Source) Happen(t *testing.T, events ...aegis.Event) {
	t.Helper()
	for _, e := range events {
		_, err := s.conn.Exec(t.Context(), `
			WITH one AS (INSERT INTO events (kind, id, goal_id, type, data) VALUES ($1, $2, $3, $4, $5) RETURNING seq)
			SELECT pg_notify('aegis_events', seq::text) FROM one`, e.Kind, e.ID, e.GoalID, e.Type, string(e.Data))
		require.NoError(t, err)
	}
}

// Deliver passes everything on.
func (s Source) Deliver(t *testing.T, sink Sink) {
	t.Helper()
	for {
		sent, err := s.DB.DeliverEvents(t.Context(), sink.Name(), 500, sink.Send)
		require.NoError(t, err)
		if sent == 0 {
			return
		}
	}
}

// Compete has three senders pass events on to the sink, of which the first to send
// dies before it can note that. The senders end when stop is called.
func (s Source) Compete(t *testing.T, sink Sink) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	dying := &flaky{Sink: sink}
	var group sync.WaitGroup
	for range 3 {
		streamer := &eventstream.Streamer{Store: s.DB, Sink: dying, Metrics: noMetrics{}, Logger: slog.New(slog.DiscardHandler)}
		group.Go(func() {
			if err := streamer.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// Goals are n events of as many goals.
func Goals(n int) []aegis.Event {
	events := make([]aegis.Event, n)
	for i := range events {
		events[i] = aegis.Event{Kind: "goal", ID: aegis.NewID("goal", time.Now()), Type: "goal.accepted", Data: []byte(`{}`)}
	}
	return events
}

// flaky fails once, after it took everything.
type flaky struct {
	Sink

	mu    sync.Mutex
	calls int
}

// Send passes on.
func (f *flaky) Send(ctx context.Context, events []aegis.Event) error {
	err := f.Sink.Send(ctx, events)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls++; f.calls == 1 {
		return errors.Join(err, errors.New("the process died before it noted what was taken"))
	}
	return err
}

type noMetrics struct{}

// CountEventsSent counts nothing.
func (noMetrics) CountEventsSent(string, int, error) {}
