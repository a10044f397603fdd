package postgres

import (
	"context"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/aegisworld/aegis"
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

// RotateDecisions makes months and drops those that are over.
func (db *DB) RotateDecisions(ctx context.Context, now time.Time, retention time.Duration) error {
	return db.rotateDecisions(ctx, now, retention)
}

// MigrateTo brings the schema to a version.
func (db *DB) MigrateTo(ctx context.Context, version int64) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	std := stdlib.OpenDBFromPool(db.pool)
	defer std.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, std, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}

// IndexMemoriesAlways searches by the index however few memories there are.
func (db *DB) IndexMemoriesAlways() { db.memoryIndex.always = true }

// HealDeliveries queues deliveries that lost their jobs.
func (db *DB) HealDeliveries(ctx context.Context) error { return db.healDeliveries(ctx) }

// AppendEvent appends an event in a transaction of its own.
func (db *DB) AppendEvent(ctx context.Context, e aegis.Event) error {
	b := &pgx.Batch{}
	appendEvents(b, e)
	return db.send(ctx, b)
}
