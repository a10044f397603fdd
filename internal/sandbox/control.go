package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/front"
)

const controlSocket = "control.sock"

// status is what the control socket says of the account.
type status struct {
	// State is "starting", "ready" or "failed".
	State   string   `json:"state"`
	Error   string   `json:"error,omitempty"`
	Account *Account `json:"account,omitempty"`
}

// listenControl serves the control socket, mode 0600 in a folder of mode 0700.
func (s *supervisor) listenControl() (*http.Server, error) {
	path := s.opts.statePath(controlSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	defer func() { _ = folder.Close() }()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: through(folder, controlSocket)})
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	server := &http.Server{Handler: s.controls(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

// through names a file by its folder's descriptor: a socket's path may have at
// most 107 bytes, and data directories lie deeper than that.
func through(folder *os.File, name string) string {
	return "/proc/self/fd/" + strconv.FormatUint(uint64(folder.Fd()), 10) + "/" + name
}

func (s *supervisor) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.status()) })
	mux.HandleFunc("GET /hold", s.serveHold)
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusAccepted, struct{}{})
		s.stop(errStopped)
	})
	mux.HandleFunc("POST /leave", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusAccepted, left{Stopped: s.holders.leave(r.URL.Query().Get("process"))})
	})
	mux.HandleFunc("GET /faults", s.whenReady(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, s.front.Faults().List())
	}))
	mux.HandleFunc("POST /faults", s.whenReady(s.setFault))
	mux.HandleFunc("DELETE /faults", s.whenReady(func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]int{"cleared": s.front.Faults().Clear(r.URL.Query().Get("id"))})
	}))
	mux.HandleFunc("GET /events", s.whenReady(s.serveEvents))
	return mux
}

// left says what came of leaving.
type left struct {
	Stopped bool `json:"stopped"`
}

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value)
}

func refuse(w http.ResponseWriter, code int, text string) {
	answer(w, code, map[string]string{"error": text})
}

func (s *supervisor) status() status {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure != "":
		s.holders.told()
		return status{State: "failed", Error: s.failure}
	case s.account == nil || s.account.AWSEndpoint == "":
		return status{State: "starting"}
	default:
		account := *s.account
		return status{State: "ready", Account: &account}
	}
}

func (s *supervisor) whenReady(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.status().State != "ready" {
			refuse(w, http.StatusServiceUnavailable, "the account is not ready")
			return
		}
		next(w, r)
	}
}

// serveHold keeps the account alive for as long as the client stays.
func (s *supervisor) serveHold(w http.ResponseWriter, r *http.Request) {
	defer s.holders.hold(r.URL.Query().Get("process"))()
	w.WriteHeader(http.StatusOK)
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	<-r.Context().Done()
}

func (s *supervisor) setFault(w http.ResponseWriter, r *http.Request) {
	var fault front.Fault
	in := json.NewDecoder(io.LimitReader(r.Body, 64<<10))
	in.DisallowUnknownFields()
	if err := in.Decode(&fault); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	set, err := s.front.Faults().Set(fault)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, http.StatusCreated, set)
}

// eventsWait is how long a question for events waits for the first one.
const eventsWait = 20 * time.Second

func (s *supervisor) serveEvents(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 1000
	}
	events, more := s.front.Records().After(after, limit)
	if len(events) == 0 && r.URL.Query().Get("wait") == "true" {
		ctx, cancel := context.WithTimeout(r.Context(), eventsWait)
		defer cancel()
		select {
		case <-more:
			events, _ = s.front.Records().After(after, limit)
		case <-ctx.Done():
		}
	}
	answer(w, http.StatusOK, events)
}
