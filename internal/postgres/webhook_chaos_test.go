package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/egress"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/webhooks"
)

// dying is a store of a process that is often killed after it has posted and
// before it has recorded that.
type dying struct{ *postgres.DB }

func (d dying) ClaimDelivery(ctx context.Context, id string, terms webhooks.Terms) (*webhooks.Claim, time.Duration, error) {
	terms.Lease = 100 * time.Millisecond // of a process that is dead nobody waits for long
	return d.DB.ClaimDelivery(ctx, id, terms)
}

func (d dying) FinishDelivery(ctx context.Context, o webhooks.Outcome, terms webhooks.Terms) error {
	if rand.IntN(5) == 0 {
		return errors.New("killed")
	}
	return d.DB.FinishDelivery(ctx, o, terms)
}

// inbox is a receiver that notes what it got, by stack.
type inbox struct {
	mu     sync.Mutex
	events map[string][]string
	ids    map[string]string
	full   chan struct{}
	want   int
	fault  error
}

// ServeHTTP takes a delivery.
func (i *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var e struct{ StackID, Sequence, Subject string }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	key := e.StackID + " " + e.Sequence
	if was := i.ids[key]; err != nil || was != "" && was != r.Header.Get("webhook-id") {
		i.fault = errors.Join(i.fault, err, fmt.Errorf("%s came under two ids", key))
	}
	i.ids[key] = r.Header.Get("webhook-id")
	if slices.Contains(i.events[e.StackID], e.Sequence) {
		return // it came before
	}
	i.events[e.StackID] = append(i.events[e.StackID], e.Sequence)
	if i.want--; i.want == 0 {
		close(i.full)
	}
}

// TestNothingIsLostWhenProcessesDie has two processes that die often deliver the
// events of many writers: each comes at least once, under one id, and those of
// a stack in their order.
func TestNothingIsLostWhenProcessesDie(t *testing.T) {
	t.Parallel()
	const stacks, each = 3, 25
	url := pgtest.New(t)
	db := openURL(t, url)
	in := &inbox{events: map[string][]string{}, ids: map[string]string{}, full: make(chan struct{}), want: stacks * each}
	server := httptest.NewServer(in)
	t.Cleanup(server.Close)
	guard, err := egress.New(egress.Options{Allow: []string{"127.0.0.1"}})
	require.NoError(t, err)
	sealer, err := webhooks.NewSealer([]byte("key"))
	require.NoError(t, err)
	registry := &webhooks.Registry{Store: db, Guard: guard, Sealer: sealer}
	_, _, err = registry.CreateWebhook(t.Context(), aegis.Webhook{WebhookID: "wh-1", URL: server.URL})
	require.NoError(t, err)

	for range 2 {
		process := openURL(t, url)
		logger := slog.New(slog.DiscardHandler)
		sender := webhooks.NewSender(webhooks.SenderConfig{Store: dying{process}, Client: guard.Client(), Sealer: sealer, Environment: "prod", Logger: logger})
		h := idle()
		h.Deliver = sender.Deliver
		startWork(t, process.WorkFast, h)
		dispatching, stop := context.WithCancel(t.Context())
		dispatcher := &webhooks.Dispatcher{Store: process, Logger: logger}
		done := make(chan error, 1)
		go func() { done <- dispatcher.Run(dispatching) }()
		t.Cleanup(func() {
			stop()
			require.NoError(t, <-done)
		})
	}
	var writers errgroup.Group
	for s := range stacks {
		writers.Go(func() error {
			for range each {
				if err := db.AppendEvent(t.Context(), aegis.Event{
					Kind: "drift", ID: "drift-x", Type: "drift.detected", Data: fmt.Appendf(nil, `{"stack_id":"s%d"}`, s),
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, writers.Wait())
	<-in.full

	in.mu.Lock()
	defer in.mu.Unlock()
	require.NoError(t, in.fault)
	for stack, sequences := range in.events {
		require.Len(t, sequences, each)
		for n, sequence := range sequences {
			require.Equal(t, fmt.Sprintf("%010d", n+1), sequence, stack)
		}
	}
}

func TestADispatcherThatDiesLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	happen(t, conn, "drift.detected", "drift-1", "a")
	ctx, kill := context.WithCancel(t.Context())
	_, err := db.PlanDeliveries(ctx, func(events []aegis.Event, subscribers []webhooks.Subscriber) []webhooks.Entry {
		kill()
		return webhooks.Plan(events, subscribers)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, deliveries(t, db, w.WebhookID))
	require.Zero(t, count(t, conn, `SELECT count(*) FROM webhook_streams`))
	dispatch(t, db)
	require.EqualValues(t, 1, byOrdinal(t, db, w.WebhookID, "a", 1).Sequence)
}
