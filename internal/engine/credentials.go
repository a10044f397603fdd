package engine

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// credentialServer gives provider processes their keys over loopback, in the
// protocol of container credentials: a process asks with a bearer token of its
// own and gets the keys of its run only, again whenever they are about to
// expire. So keys are neither in arguments nor in an environment, and long
// applies outlive a session.
// See https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
type credentialServer struct {
	fetch  func(context.Context, aegis.StackRun) (aegis.Credentials, error)
	logger *slog.Logger
	base   string
	server *http.Server

	mu   sync.Mutex
	runs map[string]grant // by id
}

type grant struct {
	token string
	run   aegis.StackRun
}

// serveBackendCredentials gives the Pulumi CLI, whose AWS is the state's and not
// the run's, keys that outlive no session either.
func serveBackendCredentials(cfg *Config) (func(), error) {
	if cfg.BackendCredentials == nil {
		return func() {}, nil
	}
	fetch := func(ctx context.Context, _ aegis.StackRun) (aegis.Credentials, error) {
		return cfg.BackendCredentials(ctx)
	}
	s, err := serveCredentials(fetch, cfg.Logger)
	if err != nil {
		return nil, err
	}
	cfg.backendKey = s.grant(aegis.StackRun{})
	return s.Close, nil
}

// credentialKey is how one process asks for its keys.
type credentialKey struct {
	id, url, token string
}

func serveCredentials(
	fetch func(context.Context, aegis.StackRun) (aegis.Credentials, error), logger *slog.Logger,
) (*credentialServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // immediate
	if err != nil {
		return nil, fmt.Errorf("listen for credential requests: %w", err)
	}
	s := &credentialServer{fetch: fetch, logger: logger, base: "http://" + l.Addr().String(), runs: map[string]grant{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Close stops answering.
func (s *credentialServer) Close() { _ = s.server.Close() }

// grant lets the holder of the returned key have the keys of run.
func (s *credentialServer) grant(run aegis.StackRun) credentialKey {
	run.Progress = nil
	id, token := rand.Text(), rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[id] = grant{token: token, run: run}
	return credentialKey{id: id, url: s.base + "/" + id, token: token}
}

func (s *credentialServer) revoke(key credentialKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, key.id)
}

// ServeHTTP answers GET /<id>.
func (s *credentialServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	g, ok := s.runs[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(g.token)) != 1 {
		http.Error(w, `{"code":"AccessDenied","message":"unknown process"}`, http.StatusForbidden)
		return
	}
	c, err := s.fetch(r.Context(), g.run)
	if err != nil {
		s.logger.ErrorContext(r.Context(), "provider credentials", "stack_id", g.run.Stack.StackID, "error", err)
		http.Error(w, `{"code":"Unavailable","message":"no credentials"}`, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(containerCredentials(c))
}

func containerCredentials(c aegis.Credentials) map[string]string {
	m := map[string]string{"AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "Token": c.SessionToken}
	if !c.Expires.IsZero() {
		m["Expiration"] = c.Expires.UTC().Format(time.RFC3339)
	}
	return m
}
