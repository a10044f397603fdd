package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// sessionCheck is how often an open page's session is looked up again.
const sessionCheck = 15 * time.Second

func (s *site) home(w http.ResponseWriter, r *http.Request, who aegis.Principal) {
	v, err := s.load(r.Context())
	if err != nil {
		s.unavailable(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "home", page{Who: who, Version: s.Version, View: v})
}

// live sends the page's body anew when something happened, not more often than
// every Pause.
func (s *site) live(w http.ResponseWriter, r *http.Request, _ aegis.Principal) {
	changed, err := s.Events.Watch(r.Context())
	if err != nil {
		s.unavailable(w, r, err)
		return
	}
	flush := http.NewResponseController(w)
	_ = flush.SetWriteDeadline(time.Time{}) // not every writer has deadlines
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	check := time.NewTicker(sessionCheck)
	defer check.Stop()
	for {
		if s.send(r.Context(), w) != nil || flush.Flush() != nil || !pause(r.Context(), s.Pause) {
			return
		}
		if !s.awaitChange(r, w, flush, check.C, changed) {
			return
		}
	}
}

// awaitChange returns true when there is something new, false when the stream
// is over: the browser left, the session ended or the process does.
func (s *site) awaitChange(
	r *http.Request, w http.ResponseWriter, flush *http.ResponseController, check <-chan time.Time, changed <-chan int64,
) bool {
	for {
		select {
		case <-r.Context().Done():
			return false
		case _, ok := <-changed:
			return ok
		case <-check:
			if _, err := s.session(r); err != nil {
				return false
			}
			if _, err := fmt.Fprint(w, ": alive\n\n"); err != nil || flush.Flush() != nil {
				return false
			}
		}
	}
}

// send writes one event whose data is the page's body.
func (s *site) send(ctx context.Context, w http.ResponseWriter) error {
	v, err := s.load(ctx)
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := s.pages.ExecuteTemplate(&html, "view", v); err != nil {
		return fmt.Errorf("render view: %w", err)
	}
	var event strings.Builder
	event.WriteString("event: view\n")
	for line := range strings.Lines(html.String()) {
		event.WriteString("data: " + strings.TrimRight(line, "\r\n") + "\n")
	}
	event.WriteString("\n")
	_, err = fmt.Fprint(w, event.String())
	return err
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
