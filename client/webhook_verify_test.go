package client_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/client"
)

const webhookSecret = "whsec_c2VjcmV0LW9mLWEtdGVzdA=="

func signedRequest(tb testing.TB, body string, at time.Time) *http.Request {
	tb.Helper()
	w, err := standardwebhooks.NewWebhook(webhookSecret)
	require.NoError(tb, err)
	signature, err := w.Sign("dlv-1", at, []byte(body))
	require.NoError(tb, err)
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("webhook-id", "dlv-1")
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	return req
}

func TestReadWebhook(t *testing.T) {
	t.Parallel()
	const body = `{"id":"evt-1","type":"aegis.drift.detected","stackid":"a","data":{"x":1}}`
	event, err := client.ReadWebhook(signedRequest(t, body, time.Now()), webhookSecret)
	require.NoError(t, err)
	require.Equal(t, "dlv-1", event.DeliveryID)
	require.Equal(t, "a", event.StackID)
	require.JSONEq(t, `{"x":1}`, string(event.Data))

	_, err = client.ReadWebhook(signedRequest(t, body, time.Now().Add(-time.Hour)), webhookSecret)
	require.ErrorIs(t, err, client.ErrBadSignature, "it may be a replay")
	_, err = client.ReadWebhook(signedRequest(t, body, time.Now()), "whsec_b3RoZXI=")
	require.ErrorIs(t, err, client.ErrBadSignature)
	_, err = client.ReadWebhook(signedRequest(t, body, time.Now()), "whsec_!")
	require.ErrorContains(t, err, "whsec_…")
	require.NotContains(t, err.Error(), "!")
	changed := signedRequest(t, body, time.Now())
	changed.Header.Set("webhook-id", "dlv-2")
	_, err = client.ReadWebhook(changed, webhookSecret)
	require.ErrorIs(t, err, client.ErrBadSignature)
	_, err = client.ReadWebhook(signedRequest(t, strings.Repeat("x", 1<<20+1), time.Now()), webhookSecret)
	require.ErrorContains(t, err, "larger than 1 MiB")
}

func FuzzReadWebhook(f *testing.F) {
	f.Add(`{"id":"evt-1"}`, "v1,AAAA", "1700000000")
	f.Add(`[`, "", "-1")
	f.Add("\xff", "v1,", "9223372036854775808")
	f.Fuzz(func(t *testing.T, body, signature, timestamp string) {
		forged := signedRequest(t, body, time.Now())
		forged.Header.Set("webhook-signature", signature)
		_, err := client.ReadWebhook(forged, webhookSecret)
		require.Error(t, err)
		late := signedRequest(t, body, time.Now())
		if late.Header.Get("webhook-timestamp") != timestamp {
			late.Header.Set("webhook-timestamp", timestamp)
			_, err = client.ReadWebhook(late, webhookSecret)
			require.Error(t, err)
		}
		event, err := client.ReadWebhook(signedRequest(t, body, time.Now()), webhookSecret)
		if err == nil {
			require.Equal(t, "dlv-1", event.DeliveryID)
		}
	})
}
