package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/webhooks"
)

func terms() webhooks.Terms {
	return webhooks.Terms{Lease: time.Minute, MaxInFlight: webhooks.MaxInFlight, Doubtful: 5}
}

// hook stores a webhook.
func hook(t *testing.T, db *postgres.DB, edit ...func(*aegis.Webhook)) aegis.Webhook {
	t.Helper()
	w := aegis.Webhook{
		WebhookID: aegis.NewID(aegis.WebhookPrefix, time.Now()), URL: "https://hooks.example/x", Format: aegis.WebhookCloudEvents, CreatedBy: "ana",
	}
	for _, e := range edit {
		e(&w)
	}
	require.NoError(t, db.CreateWebhook(t.Context(), webhooks.Endpoint{Webhook: w, URLSealed: []byte("u"), SecretSealed: []byte("s")}))
	return w
}

// happen appends an event as others do, in a transaction of its own.
func happen(t *testing.T, conn *pgx.Conn, kind, id string, stacks ...string) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"stack_ids": stacks})
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO events (kind, id, goal_id, type, data) VALUES ('x', $1, '', $2, $3)`, id, kind, data)
	require.NoError(t, err)
}

func dispatch(t *testing.T, db *postgres.DB) {
	t.Helper()
	for more := true; more; {
		var err error
		more, err = db.PlanDeliveries(t.Context(), webhooks.Plan)
		require.NoError(t, err)
	}
}

// deliveries are a webhook's, oldest first by ordinal within the time.
func deliveries(t *testing.T, db *postgres.DB, webhookID string) []aegis.WebhookDelivery {
	t.Helper()
	all, next, err := db.WebhookDeliveries(t.Context(), webhookID, "", aegis.Page{Limit: 500})
	require.NoError(t, err)
	require.Empty(t, next)
	return all
}

// byEvent finds the one delivery of a stack's ordinal.
func byOrdinal(t *testing.T, db *postgres.DB, webhookID, stackID string, ordinal int64) aegis.WebhookDelivery {
	t.Helper()
	for _, d := range deliveries(t, db, webhookID) {
		if d.StackID == stackID && d.Sequence == ordinal {
			return d
		}
	}
	t.Fatalf("no delivery %d of %s", ordinal, stackID)
	return aegis.WebhookDelivery{}
}

func claim(t *testing.T, db *postgres.DB, id string) (*webhooks.Claim, time.Duration) {
	t.Helper()
	c, later, err := db.ClaimDelivery(t.Context(), id, terms())
	require.NoError(t, err)
	return c, later
}

func finish(t *testing.T, db *postgres.DB, o webhooks.Outcome) {
	t.Helper()
	require.NoError(t, db.FinishDelivery(t.Context(), o, terms()))
}

func waiting(t *testing.T, conn *pgx.Conn, id string) int {
	t.Helper()
	return count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'webhook_delivery' AND args ->> 'delivery_id' = $1`, id)
}

func TestEventsBecomeDeliveriesOnce(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	happen(t, conn, "drift.detected", "drift-0", "a")
	all := hook(t, db)
	some := hook(t, db, func(w *aegis.Webhook) { w.EventTypes, w.Stacks = []string{"aegis.drift.*"}, []string{"b*"} })
	people := hook(t, db, func(w *aegis.Webhook) { w.Format = aegis.WebhookSlack })
	happen(t, conn, "drift.detected", "drift-1", "a")
	happen(t, conn, "change_set.promoted", "cs-1", "a", "b")
	happen(t, conn, "change_set.progress", "cs-1", "a")
	happen(t, conn, "drift.corrected", "drift-1", "b")
	dispatch(t, db)
	dispatch(t, db)

	seen := func(w aegis.Webhook) (out []string) {
		for _, d := range deliveries(t, db, w.WebhookID) {
			out = append(out, fmt.Sprintf("%s %s %d", d.EventType, d.StackID, d.Sequence))
			require.Equal(t, 1, waiting(t, conn, d.DeliveryID))
			require.Equal(t, aegis.DeliveryPending, d.State)
			require.NotNil(t, d.NextAttemptAt)
		}
		return out
	}
	require.ElementsMatch(t, []string{
		"aegis.drift.detected a 2", "aegis.change_set.promoted a 3", "aegis.change_set.promoted b 1", "aegis.drift.corrected b 2",
	}, seen(all), "what happened before it was made has an ordinal, and is not sent")
	require.ElementsMatch(t, []string{"aegis.drift.corrected b 2"}, seen(some))
	require.ElementsMatch(t, []string{"aegis.drift.detected a 2", "aegis.change_set.promoted a 3", "aegis.drift.corrected b 2"}, seen(people),
		"people are told once of a change of two stacks")

	require.NoError(t, db.DeleteWebhook(t.Context(), all.WebhookID))
	require.ErrorIs(t, db.DeleteWebhook(t.Context(), all.WebhookID), aegis.ErrNotFound)
	_, _, err := db.WebhookDeliveries(t.Context(), all.WebhookID, "", aegis.Page{})
	require.ErrorIs(t, err, aegis.ErrNotFound)
	list, _, err := db.Webhooks(t.Context(), aegis.Page{})
	require.NoError(t, err)
	require.Len(t, list, 2)
}

func TestAFailedDeliveryHoldsUpItsStackForAWhile(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	for i := range 3 {
		happen(t, conn, "drift.detected", fmt.Sprintf("drift-%d", i), "a")
	}
	happen(t, conn, "drift.detected", "drift-b", "b")
	dispatch(t, db)
	one, two, other := byOrdinal(t, db, w.WebhookID, "a", 1), byOrdinal(t, db, w.WebhookID, "a", 2), byOrdinal(t, db, w.WebhookID, "b", 1)

	c, later := claim(t, db, two.DeliveryID)
	require.Nil(t, c, "an earlier one of its stack is pending")
	require.Positive(t, later)
	require.LessOrEqual(t, later, webhooks.Hold)
	c, _ = claim(t, db, one.DeliveryID)
	require.Equal(t, "drift-0", c.Event.ID)
	require.Equal(t, []byte("u"), c.Endpoint.URLSealed)
	require.Nil(t, c.Endpoint.OldSecretSealed)
	again, later := claim(t, db, one.DeliveryID)
	require.Nil(t, again, "it is under way")
	require.Positive(t, later)
	c, _ = claim(t, db, other.DeliveryID)
	require.NotNil(t, c, "other stacks go on")

	failed := webhooks.Outcome{
		DeliveryID: one.DeliveryID, State: aegis.DeliveryPending, RetryIn: time.Hour,
		Attempt: aegis.DeliveryAttempt{At: time.Now(), Status: 500, LatencyMS: 7, Response: "oops", Error: "it answered 500"},
	}
	finish(t, db, failed)
	require.Equal(t, 2, waiting(t, conn, one.DeliveryID), "its next attempt is queued")
	c, _ = claim(t, db, two.DeliveryID)
	require.Nil(t, c, "it holds up the next one")
	c, later = claim(t, db, one.DeliveryID)
	require.Nil(t, c, "it is not due")
	require.Zero(t, later, "another job is for then")

	_, err := conn.Exec(t.Context(), `UPDATE webhook_deliveries SET hold_until = now() WHERE delivery_id = $1`, one.DeliveryID)
	require.NoError(t, err)
	c, _ = claim(t, db, two.DeliveryID)
	require.NotNil(t, c, "but not for ever")
	require.Equal(t, 1, c.Endpoint.Failures)
	finish(t, db, webhooks.Outcome{DeliveryID: two.DeliveryID, State: aegis.DeliveryDelivered, Attempt: aegis.DeliveryAttempt{At: time.Now(), Status: 204}})
	three := byOrdinal(t, db, w.WebhookID, "a", 3)
	require.Equal(t, 2, waiting(t, conn, three.DeliveryID), "the next one is called")

	log := byOrdinal(t, db, w.WebhookID, "a", 1)
	require.Equal(t, aegis.DeliveryPending, log.State)
	require.Len(t, log.Log, 1)
	require.Equal(t, "oops", log.Log[0].Response)
	require.Equal(t, 500, log.Log[0].Status)
	require.WithinDuration(t, failed.Attempt.At, log.Log[0].At, time.Millisecond)
	state, err := db.Webhook(t.Context(), w.WebhookID)
	require.NoError(t, err)
	require.Zero(t, state.Failures, "the last one succeeded")
	require.NotNil(t, state.LastDeliveredAt)
}

func TestADeliveryWhoseWorkerDiedIsClaimedAgain(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	happen(t, conn, "drift.detected", "drift-1", "a")
	dispatch(t, db)
	id := byOrdinal(t, db, w.WebhookID, "a", 1).DeliveryID
	c, _, err := db.ClaimDelivery(t.Context(), id, webhooks.Terms{MaxInFlight: 1, Doubtful: 5})
	require.NoError(t, err)
	require.NotNil(t, c)
	c, _ = claim(t, db, id)
	require.NotNil(t, c)
	done := webhooks.Outcome{DeliveryID: id, State: aegis.DeliveryDelivered, Attempt: aegis.DeliveryAttempt{At: time.Now(), Status: 200}}
	finish(t, db, done)
	finish(t, db, webhooks.Outcome{DeliveryID: id, State: aegis.DeliveryPending, RetryIn: time.Second, Attempt: aegis.DeliveryAttempt{At: time.Now(), Error: "away"}})
	d := byOrdinal(t, db, w.WebhookID, "a", 1)
	require.Equal(t, aegis.DeliveryDelivered, d.State, "what a slow worker says afterwards changes nothing")
	require.Len(t, d.Log, 2)
	c, later := claim(t, db, id)
	require.Nil(t, c)
	require.Zero(t, later)
	c, later = claim(t, db, "dlv-none")
	require.Nil(t, c)
	require.Zero(t, later)
}

func TestOneWebhookTakesNotAllWorkers(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	for i := range webhooks.MaxInFlight + 1 {
		happen(t, conn, "drift.detected", fmt.Sprintf("drift-%d", i), fmt.Sprintf("s%d", i))
	}
	dispatch(t, db)
	all := deliveries(t, db, w.WebhookID)
	for _, d := range all[:webhooks.MaxInFlight] {
		c, _ := claim(t, db, d.DeliveryID)
		require.NotNil(t, c)
	}
	last := all[webhooks.MaxInFlight].DeliveryID
	c, later := claim(t, db, last)
	require.Nil(t, c)
	require.Positive(t, later)

	finish(t, db, webhooks.Outcome{
		DeliveryID: all[0].DeliveryID, State: aegis.DeliveryPending, RetryIn: time.Hour, PauseFor: time.Minute, Attempt: aegis.DeliveryAttempt{At: time.Now()},
	})
	require.Equal(t, 1, waiting(t, conn, last), "nobody is called while it rests")
	c, later = claim(t, db, last)
	require.Nil(t, c)
	require.Greater(t, later, 50*time.Second)
	finish(t, db, webhooks.Outcome{DeliveryID: all[1].DeliveryID, State: aegis.DeliveryDelivered, Attempt: aegis.DeliveryAttempt{At: time.Now(), Status: 200}})
	require.Equal(t, 2, waiting(t, conn, last), "a success ends the rest")
	c, _ = claim(t, db, last)
	require.NotNil(t, c)
}

func TestADoubtfulWebhookIsTriedByOneDeliveryAtATime(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	for i := range 3 {
		happen(t, conn, "drift.detected", fmt.Sprintf("drift-%d", i), fmt.Sprintf("s%d", i))
	}
	dispatch(t, db)
	_, err := conn.Exec(t.Context(), `UPDATE webhooks SET failures = 5`)
	require.NoError(t, err)
	all := deliveries(t, db, w.WebhookID)
	c, _ := claim(t, db, all[0].DeliveryID)
	require.NotNil(t, c)
	c, later := claim(t, db, all[1].DeliveryID)
	require.Nil(t, c)
	require.Positive(t, later)
	finish(t, db, webhooks.Outcome{DeliveryID: all[0].DeliveryID, State: aegis.DeliveryDelivered, Attempt: aegis.DeliveryAttempt{At: time.Now(), Status: 200}})
	for _, d := range all[1:] {
		require.Equal(t, 2, waiting(t, conn, d.DeliveryID), "a success calls the others")
		c, _ = claim(t, db, d.DeliveryID)
		require.NotNil(t, c)
	}
}

func TestAWebhookIsDisabledWithNotice(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	gone, other := hook(t, db), hook(t, db)
	happen(t, conn, "drift.detected", "drift-1", "a")
	happen(t, conn, "drift.detected", "drift-2", "b")
	dispatch(t, db)
	first, second := byOrdinal(t, db, gone.WebhookID, "a", 1), byOrdinal(t, db, gone.WebhookID, "b", 1)
	claim(t, db, first.DeliveryID)
	for range 2 {
		finish(t, db, webhooks.Outcome{
			DeliveryID: first.DeliveryID, State: aegis.DeliveryFailed, Disable: "it answered 410 Gone", Attempt: aegis.DeliveryAttempt{At: time.Now(), Status: 410},
		})
	}
	w, err := db.Webhook(t.Context(), gone.WebhookID)
	require.NoError(t, err)
	require.Equal(t, aegis.WebhookDisabled, w.State)
	require.Equal(t, "it answered 410 Gone", w.DisabledReason)
	require.NotNil(t, w.DisabledAt)
	require.Equal(t, aegis.DeliveryCancelled, byOrdinal(t, db, gone.WebhookID, "b", 1).State)
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'webhook.disabled' AND id = $1`, gone.WebhookID), "told once")
	c, later := claim(t, db, second.DeliveryID)
	require.Nil(t, c)
	require.Zero(t, later)

	happen(t, conn, "drift.detected", "drift-3", "a")
	dispatch(t, db)
	require.Len(t, deliveries(t, db, gone.WebhookID), 2, "nothing is queued for it")
	notice := byOrdinal(t, db, other.WebhookID, "", 1)
	require.Equal(t, webhooks.TypeWebhookDisabled, notice.EventType, "others are told")

	test, err := db.TestWebhook(t.Context(), gone.WebhookID, "dlv-test", "ana")
	require.NoError(t, err)
	require.Equal(t, webhooks.TypeWebhookTest, test.EventType)
	again, err := db.TestWebhook(t.Context(), gone.WebhookID, "dlv-test", "ana")
	require.NoError(t, err)
	require.Equal(t, test, again, "the same request makes one")
	c, _ = claim(t, db, "dlv-test")
	require.NotNil(t, c, "a test goes out whatever its state")
	require.Equal(t, gone.WebhookID, c.Event.ID)
	_, err = db.TestWebhook(t.Context(), "wh-none", "dlv-x", "ana")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	dispatch(t, db)
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM webhook_deliveries WHERE event_type = 'aegis.webhook.test'`), "it goes to nobody else")

	w, err = db.EnableWebhook(t.Context(), gone.WebhookID)
	require.NoError(t, err)
	require.Equal(t, aegis.WebhookEnabled, w.State)
	require.Zero(t, w.Failures)
	_, err = db.EnableWebhook(t.Context(), "wh-none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	d, err := db.Redeliver(t.Context(), gone.WebhookID, second.DeliveryID)
	require.NoError(t, err)
	require.Equal(t, aegis.DeliveryPending, d.State)
	c, _ = claim(t, db, second.DeliveryID)
	require.NotNil(t, c)
	require.Less(t, c.Queued, time.Minute)
	_, err = db.Redeliver(t.Context(), other.WebhookID, second.DeliveryID)
	require.ErrorIs(t, err, aegis.ErrNotFound, "it is another webhook's")
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	happen(t, conn, "drift.detected", "drift-1", "a")
	dispatch(t, db)
	id := byOrdinal(t, db, w.WebhookID, "a", 1).DeliveryID
	secrets := func() (now, old []byte) {
		c, _, err := db.ClaimDelivery(t.Context(), id, webhooks.Terms{MaxInFlight: 1, Doubtful: 5})
		require.NoError(t, err)
		return c.Endpoint.SecretSealed, c.Endpoint.OldSecretSealed
	}
	rotated, err := db.RotateWebhook(t.Context(), w.WebhookID, []byte("t"), time.Hour)
	require.NoError(t, err)
	require.NotNil(t, rotated.OldSecretUntil)
	now, old := secrets()
	require.Equal(t, []byte("t"), now)
	require.Equal(t, []byte("s"), old)
	_, err = conn.Exec(t.Context(), `UPDATE webhooks SET old_secret_until = now()`)
	require.NoError(t, err)
	now, old = secrets()
	require.Equal(t, []byte("t"), now)
	require.Nil(t, old, "its time is over")
	rotated, err = db.RotateWebhook(t.Context(), w.WebhookID, []byte("u"), 0)
	require.NoError(t, err)
	require.Nil(t, rotated.OldSecretUntil)
	now, old = secrets()
	require.Equal(t, []byte("u"), now)
	require.Nil(t, old)
	_, err = db.RotateWebhook(t.Context(), "wh-none", []byte("u"), 0)
	require.ErrorIs(t, err, aegis.ErrNotFound)
}

func TestDeliveriesWithoutAJobAreFound(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	w := hook(t, db)
	happen(t, conn, "drift.detected", "drift-1", "a")
	dispatch(t, db)
	id := byOrdinal(t, db, w.WebhookID, "a", 1).DeliveryID
	_, err := conn.Exec(t.Context(), `UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	require.NoError(t, db.HealDeliveries(t.Context()))
	require.Equal(t, 1, waiting(t, conn, id), "it has one")
	_, err = conn.Exec(t.Context(), `DELETE FROM river_job`)
	require.NoError(t, err)
	require.NoError(t, db.HealDeliveries(t.Context()))
	require.Equal(t, 1, waiting(t, conn, id))

	_, err = conn.Exec(t.Context(), `UPDATE webhook_deliveries SET state = 'failed', ended_at = now() - interval '31 days'`)
	require.NoError(t, err)
	require.NoError(t, db.Prune(t.Context()))
	require.Empty(t, deliveries(t, db, w.WebhookID))
}

func TestJobsOfDeliveriesCarryNoSecrets(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	hook(t, db)
	happen(t, conn, "drift.detected", "drift-1", "a")
	dispatch(t, db)
	var args string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT args::text FROM river_job WHERE kind = 'webhook_delivery'`).Scan(&args))
	var fields map[string]string
	require.NoError(t, json.Unmarshal([]byte(args), &fields))
	require.Len(t, fields, 1)
	require.True(t, strings.HasPrefix(fields["delivery_id"], "dlv-"))
}
