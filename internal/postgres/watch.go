package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// listenPause is the wait before the connection for notifications is made
	// anew, and listenPatience how long a silent one is trusted.
	listenPause    = 200 * time.Millisecond
	listenPatience = 10 * time.Second
	// everybody is concerned by what is not known to be about single goals.
	everybody = "*"
)

// hub hands the newest seq to all watchers over one connection, which exists
// while there are any.
type hub struct {
	mu       sync.Mutex
	watchers map[chan int64]string // the goal that it is about, "" for everything
	newest   int64
	stop     context.CancelFunc
}

// Watch sends the newest event's seq: at once when there are events, then
// whenever it changes. A slow reader gets the newest only. It reconnects by
// itself, and after that sends what was missed; the channel is closed when ctx
// ends.
func (db *DB) Watch(ctx context.Context) (<-chan int64, error) { return db.WatchGoal(ctx, "") }

// WatchGoal is Watch for the events of a goal, or of everything when goalID is "".
// It may send although there is nothing new of the goal.
func (db *DB) WatchGoal(ctx context.Context, goalID string) (<-chan int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("watch events: %w", err)
	}
	ch := make(chan int64, 1)
	db.hub.add(context.WithoutCancel(ctx), ch, goalID, db.listen)
	context.AfterFunc(ctx, func() { db.hub.remove(ch) })
	return ch, nil
}

// add begins to tell ch; the first one starts listen, which outlives it while
// there are others.
func (h *hub) add(ctx context.Context, ch chan int64, goalID string, listen func(context.Context)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) == 0 {
		h.watchers = map[chan int64]string{}
		h.newest = 0
		ctx, h.stop = context.WithCancel(ctx)
		go listen(ctx)
	}
	h.watchers[ch] = goalID
	if h.newest > 0 {
		ch <- h.newest
	}
}

// remove closes ch; the last one stops listening.
func (h *hub) remove(ch chan int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, ch)
	close(ch)
	if len(h.watchers) == 0 {
		h.stop()
	}
}

// tell passes a seq on to those whom it concerns, unless a newer one is known:
// concerned are the goals, or everybody when one of them is "*".
func (h *hub) tell(ctx context.Context, seq int64, concerned ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seq <= h.newest || ctx.Err() != nil {
		return
	}
	h.newest = seq
	all := slices.Contains(concerned, everybody)
	for ch, goalID := range h.watchers {
		if !all && goalID != "" && !slices.Contains(concerned, goalID) {
			continue
		}
		select {
		case <-ch:
		default:
		}
		ch <- seq // has room: only this function fills it, under the lock
	}
}

// listen runs until ctx ends, over as many connections as it takes.
func (db *DB) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := db.listenOnce(ctx); err != nil && ctx.Err() == nil {
			db.logger.WarnContext(ctx, "connection for events lost", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}

// listenOnce listens on a connection of its own until that breaks.
func (db *DB) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+eventsChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		var newest int64
		if err := conn.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM events`).Scan(&newest); err != nil {
			return fmt.Errorf("read newest event: %w", err)
		}
		db.hub.tell(ctx, newest, everybody)
		if err := db.passOn(ctx, conn); err != nil {
			return err
		}
	}
}

// passOn passes notifications on until none came for listenPatience, so that
// the caller finds out whether the connection still lives.
func (db *DB) passOn(ctx context.Context, conn *pgx.Conn) error {
	for {
		wait, cancel := context.WithTimeout(ctx, listenPatience)
		n, err := conn.WaitForNotification(wait)
		quiet := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if quiet && !conn.IsClosed() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for events: %w", err)
		}
		newest, concerned, _ := strings.Cut(n.Payload, " ")
		seq, err := strconv.ParseInt(newest, 10, 64)
		if err != nil {
			return fmt.Errorf("notification %q: %w", n.Payload, err)
		}
		db.hub.tell(ctx, seq, strings.Fields(concerned)...)
	}
}
