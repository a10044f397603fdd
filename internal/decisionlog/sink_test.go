package decisionlog_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/decisionlog"
)

// opaEvent has the fields of OPA's logs.EventV1 that are used here, with its
// names and types.
type opaEvent struct {
	Labels     map[string]string `json:"labels"`
	DecisionID string            `json:"decision_id"`
	Bundles    map[string]struct {
		Revision string `json:"revision"`
	} `json:"bundles"`
	Path      string         `json:"path"`
	Input     *any           `json:"input"`
	Result    *any           `json:"result"`
	Erased    []string       `json:"erased"`
	Masked    []string       `json:"masked"`
	Timestamp time.Time      `json:"timestamp"`
	Metrics   map[string]any `json:"metrics"`
	Custom    map[string]any `json:"custom"`
}

// siem is a sink that reads uploads as OPA writes them.
type siem struct {
	*httptest.Server

	mu     sync.Mutex
	events []opaEvent
	tokens []string
	// answer may answer otherwise before anything is taken.
	answer func(w http.ResponseWriter, events []opaEvent) (done bool)
}

func newSIEM(t *testing.T) *siem {
	t.Helper()
	s := &siem{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP takes an upload.
func (s *siem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	z, err := gzip.NewReader(r.Body)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Encoding") != "gzip" {
		http.Error(w, "no upload", http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil {
		return // it was cut off
	}
	var events []opaEvent
	if err := json.Unmarshal(body, &events); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.answer != nil && s.answer(w, events) {
		return
	}
	s.events = append(s.events, events...)
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
}

func (s *siem) ids() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		ids = append(ids, e.DecisionID)
	}
	return ids
}

func newSink(t *testing.T, o decisionlog.Options) *decisionlog.Sink {
	t.Helper()
	sink, err := decisionlog.NewSink(o)
	require.NoError(t, err)
	return sink
}

func TestSendAsOPADoes(t *testing.T) {
	t.Parallel()
	server := newSIEM(t)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret\n"), 0o600))
	sink := newSink(t, decisionlog.Options{URL: server.URL + "/logs?key=k1", TokenFile: token, Labels: map[string]string{"environment": "test"}})
	require.Equal(t, server.URL+"/logs", sink.Name())
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.NoError(t, sink.Send(t.Context(), []aegis.Decision{{
		DecisionID: "dec-1", ChangeSetID: "cs-1", BundleRevision: "r1", Path: "aegis/gate", Input: json.RawMessage(`{"actor": "[secret]"}`),
		Result: aegis.GateResult{Deny: []aegis.RuleResult{{Code: "freeze"}}}, Outcome: aegis.OutcomeDenied, Masked: []string{"/input/actor"},
		Metrics: map[string]int64{"timer_server_handler_ns": 7}, DecidedAt: at,
	}, {DecisionID: "dec-2", Input: json.RawMessage("null")}}))
	require.Equal(t, []string{"dec-1", "dec-2"}, server.ids())
	e := server.events[0]
	require.Equal(t, "r1", e.Bundles["aegis"].Revision)
	require.Equal(t, map[string]any{"actor": "[secret]"}, *e.Input)
	require.Equal(t, []string{"/input/actor"}, e.Masked)
	require.Equal(t, at, e.Timestamp)
	require.Equal(t, "test", e.Labels["environment"])
	require.Equal(t, "cs-1", e.Custom["change_set_id"])
	require.InDelta(t, 7, e.Metrics["timer_server_handler_ns"], 0)
	require.Nil(t, server.events[1].Input)
	require.Equal(t, []string{"Bearer s3cret"}, server.tokens)
}

func TestWhatIsTooLargeGoesInPartsThenWithoutInput(t *testing.T) {
	t.Parallel()
	server := newSIEM(t)
	server.answer = func(w http.ResponseWriter, events []opaEvent) bool {
		large := len(events) > 2 || len(events) > 0 && events[0].DecisionID == "dec-2" && events[0].Input != nil
		if large {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return large
	}
	var decisions []aegis.Decision
	for _, id := range []string{"dec-0", "dec-1", "dec-2", "dec-3", "dec-4"} {
		decisions = append(decisions, aegis.Decision{DecisionID: id, Input: json.RawMessage(`{}`)})
	}
	sink := newSink(t, decisionlog.Options{URL: server.URL})
	require.NoError(t, sink.Send(t.Context(), decisions))
	require.Equal(t, []string{"dec-0", "dec-1", "dec-2", "dec-3", "dec-4"}, server.ids())
	require.Equal(t, []string{"/input"}, server.events[2].Erased)
	require.Nil(t, server.events[2].Input)
	require.NotNil(t, server.events[3].Input)

	server.answer = func(w http.ResponseWriter, _ []opaEvent) bool {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return true
	}
	require.ErrorContains(t, sink.Send(t.Context(), decisions), "decision dec-0, without its input: it answered 413")
}

func TestErrorsTellNoSecrets(t *testing.T) {
	t.Parallel()
	elsewhere := newSIEM(t)
	server := newSIEM(t)
	server.answer = func(w http.ResponseWriter, _ []opaEvent) bool {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	err := newSink(t, decisionlog.Options{URL: server.URL + "/x?key=hunter2"}).Send(t.Context(), []aegis.Decision{{}})
	require.ErrorContains(t, err, "it answered 307")
	require.NotContains(t, err.Error(), "hunter2")
	require.Empty(t, elsewhere.ids(), "redirects are not followed")
	server.Close()
	err = newSink(t, decisionlog.Options{URL: server.URL + "/x?key=hunter2"}).Send(t.Context(), []aegis.Decision{{}})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")

	for _, bad := range []decisionlog.Options{
		{},
		{URL: "ftp://siem/"},
		{URL: "https://"},
		{URL: "https://a:hunter2@siem/"},
		{URL: "://hunter2"},
		{URL: "http://siem.example/", TokenFile: "token"},
	} {
		_, err := decisionlog.NewSink(bad)
		require.Error(t, err, bad.URL)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestSlowSinkIsGivenUp(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	t.Cleanup(func() { close(hold); server.Close() })
	sink := newSink(t, decisionlog.Options{URL: server.URL, Timeout: 50 * time.Millisecond})
	require.ErrorContains(t, sink.Send(t.Context(), []aegis.Decision{{}}), "deadline exceeded")
	missing := newSink(t, decisionlog.Options{URL: server.URL, TokenFile: filepath.Join(t.TempDir(), "none")})
	require.ErrorContains(t, missing.Send(t.Context(), []aegis.Decision{{}}), "read its token")
}
