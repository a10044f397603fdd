package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/aegisworld/aegis"
)

// eventBatch is how many events are read at once, maxStreams how many streams
// one process serves.
const (
	eventBatch = 200
	maxStreams = 500
)

func (s *server) streamRoutes() {
	handle(s, huma.Operation{
		OperationID: "stream-goal-events", Method: http.MethodGet, Path: "/v1/goals/{goal_id}/events", Tags: []string{"goals"},
		Summary:     "Follow a goal and its change sets",
		Description: streamDoc,
	}, func(ctx context.Context, in *goalStreamInput) (*huma.StreamResponse, error) {
		if _, err := s.Goals.Goal(ctx, in.GoalID); err != nil {
			return nil, err
		}
		return s.follow(ctx, in.GoalID, in.StreamQuery)
	})
	handle(s, huma.Operation{
		OperationID: "stream-events", Method: http.MethodGet, Path: "/v1/events/stream", Tags: []string{"observability"},
		Summary:     "Follow everything that happens",
		Description: streamDoc,
	}, func(ctx context.Context, in *StreamQuery) (*huma.StreamResponse, error) {
		return s.follow(ctx, "", *in)
	})
}

const streamDoc = "Server-sent events: `id` is the event's seq, `event` its type, `data` the event as JSON. " +
	"A stream goes on after `Last-Event-ID`, or `after`; without them it begins with the oldest event kept."

// StreamQuery says where a stream begins.
type StreamQuery struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"20" pattern:"^[0-9]+$"`
	After       int64  `query:"after" minimum:"0" doc:"Seq of the last event already seen"`
}

type goalStreamInput struct {
	GoalPath
	StreamQuery
}

// follow streams events of a goal, or of all when goalID is "".
func (s *server) follow(ctx context.Context, goalID string, q StreamQuery) (*huma.StreamResponse, error) {
	after := q.After
	if q.LastEventID != "" {
		n, err := strconv.ParseInt(q.LastEventID, 10, 64)
		if err != nil {
			return nil, aegis.Invalid("Last-Event-ID", "give an event's seq")
		}
		after = n
	}
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		return nil, fmt.Errorf("too many event streams: %w", aegis.ErrUnavailable)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := func() {
		cancel()
		s.streams.Add(-1)
	}
	changed, err := s.Events.WatchGoal(ctx, goalID)
	if err != nil {
		stop()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer stop()
		w := humagin.Unwrap(hc).Writer
		out := &eventWriter{w: w, flush: http.NewResponseController(w)}
		if out.begin() != nil {
			return
		}
		if err := s.pump(ctx, out, goalID, after, changed); err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "event stream ended", "error", err)
		}
	}}, nil
}

// pump writes events until the caller leaves or the store fails; a client comes
// back with the last id that it saw.
func (s *server) pump(ctx context.Context, out *eventWriter, goalID string, after int64, changed <-chan int64) error {
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	for {
		seq, err := s.drain(ctx, out, goalID, after)
		if err != nil {
			return err
		}
		after = seq
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-changed:
			if !ok {
				return nil
			}
		case <-beat.C:
			if _, err := s.Auth.Authenticate(ctx, callerOf(ctx).sum); errors.Is(err, aegis.ErrUnauthenticated) {
				return nil // the token was revoked or is too old
			}
			if err := out.comment(); err != nil {
				return err
			}
		}
	}
}

// drain writes all events after a seq and returns the last one's.
func (s *server) drain(ctx context.Context, out *eventWriter, goalID string, after int64) (int64, error) {
	for {
		events, err := s.Events.Events(ctx, goalID, after, eventBatch)
		if err != nil {
			return after, fmt.Errorf("read events after %d: %w", after, err)
		}
		for _, e := range events {
			if err := out.event(e); err != nil {
				return after, err
			}
			after = e.Seq
		}
		if len(events) < eventBatch {
			return after, nil
		}
	}
}

// eventWriter writes server-sent events, as the HTML standard gives them.
type eventWriter struct {
	w     http.ResponseWriter
	flush *http.ResponseController
}

func (e *eventWriter) begin() error {
	e.w.Header().Set("Content-Type", "text/event-stream")
	e.w.Header().Set("X-Accel-Buffering", "no")
	_ = e.flush.SetWriteDeadline(time.Time{}) // not every writer has deadlines
	e.w.WriteHeader(http.StatusOK)
	_, err := fmt.Fprint(e.w, "retry: 1000\n\n")
	return e.push(err)
}

func (e *eventWriter) event(ev aegis.Event) error {
	data, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("encode event %d: %w", ev.Seq, err)
	}
	_, err = fmt.Fprintf(e.w, "id: %d\nevent: %s\ndata: %s\n\n", ev.Seq, ev.Type, data)
	return e.push(err)
}

func (e *eventWriter) comment() error {
	_, err := fmt.Fprint(e.w, ": alive\n\n")
	return e.push(err)
}

func (e *eventWriter) push(err error) error {
	if err != nil {
		return err
	}
	return e.flush.Flush()
}
