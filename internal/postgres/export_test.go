package postgres

import (
	"context"
	"time"
)

// WorkFast is Work with the pulse of a hummingbird, for tests of what happens
// when it stops.
func (db *DB) WorkFast(ctx context.Context, h Handlers) error {
	return db.work(ctx, h, timing{
		beat: 50 * time.Millisecond, fence: 300 * time.Millisecond, dead: 500 * time.Millisecond,
		reap: time.Second, sweep: time.Second, stop: 5 * time.Second,
	})
}

// Prune removes what has expired.
func (db *DB) Prune(ctx context.Context) error { return db.prune(ctx) }
