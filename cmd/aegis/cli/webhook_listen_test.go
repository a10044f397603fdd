package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/cmd/aegis/cli"
)

// page is written by one and read by another.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// listener is a running `aegis webhook listen`.
type listener struct {
	out, errs page
	url       string
	stop      func() (code int)
}

func listen(t *testing.T, store *apitest.Store, args ...string) *listener {
	t.Helper()
	srv := apitest.Serve(t, store)
	env := map[string]string{"AEGIS_URL": srv.URL, "AEGIS_TOKEN": srv.Token}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	l, code := &listener{}, make(chan int, 1)
	go func() {
		streams := cli.Streams{Out: &l.out, Err: &l.errs}
		code <- cli.Run(ctx, append([]string{"webhook", "listen"}, args...), streams, func(k string) string { return env[k] }, operations())
	}()
	require.Eventually(t, func() bool { return strings.Contains(l.errs.String(), "listening on ") }, 10*time.Minute, time.Millisecond)
	hooks, _, err := store.Webhooks(t.Context(), aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Len(t, hooks, 1)
	l.url = hooks[0].URL
	l.stop = func() int {
		cancel()
		return <-code
	}
	return l
}

// deliver posts a body, signed with a secret.
func deliver(t *testing.T, url, secret, id, body string) int {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	now := time.Now()
	signature, err := w.Sign(id, now, []byte(body))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	req.Header.Set("webhook-signature", signature)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

const (
	listenSecret = "whsec_c2VjcmV0LW9mLWEtdGVzdA=="
	wrongSecret  = "whsec_d3JvbmctZm9yLXN1cmU="
	driftEvent   = `{"specversion":"1.0","id":"evt-1","type":"aegis.drift.detected","source":"urn:aegis:prod","time":"2026-01-02T03:04:05Z",
		"stackid":"prod.network.eu-west-1","sequence":"0000000042","data":{"actor":"mal\u001blory"}}`
)

func TestListen(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	l := listen(t, store, "--event", "aegis.drift.*")
	require.Equal(t, http.StatusNoContent, deliver(t, l.url, listenSecret, "dlv-1", driftEvent))
	require.Equal(t, http.StatusNoContent, deliver(t, l.url, listenSecret, "dlv-1", driftEvent))
	require.Equal(t, http.StatusUnauthorized, deliver(t, l.url, wrongSecret, "dlv-2", driftEvent))
	require.Equal(t, http.StatusBadRequest, deliver(t, l.url, listenSecret, "dlv-3", "not json"))
	require.Equal(t, http.StatusBadRequest, deliver(t, l.url, listenSecret, "dlv-4", strings.Repeat(" ", 2<<20)))
	require.Equal(t, http.StatusNotFound, deliver(t, l.url+"x", listenSecret, "dlv-5", driftEvent))
	require.Zero(t, l.stop())
	require.Contains(t, l.out.String(), "03:04:05  aegis.drift.detected  prod.network.eu-west-1 #42  verified\n")
	require.Contains(t, l.out.String(), "verified  (again)")
	require.Equal(t, 2, strings.Count(l.out.String(), "verified"))
	require.Contains(t, l.errs.String(), "signature is not good")
	hooks, _, err := store.Webhooks(t.Context(), aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, hooks, "it deletes its webhook")
}

func TestListenInJSON(t *testing.T) {
	t.Parallel()
	l := listen(t, apitest.NewStore(), "-o", "json")
	require.Equal(t, http.StatusNoContent, deliver(t, l.url, listenSecret, "dlv-1", driftEvent))
	require.Zero(t, l.stop())
	require.Equal(t, 1, strings.Count(l.out.String(), "\n"), "one line for each")
	require.Contains(t, l.out.String(), `"delivery_id":"dlv-1"`)
	require.Contains(t, l.out.String(), `"sequence":"0000000042"`)
}
