// Package postgres keeps everything that AegisWorld must not lose: goals,
// change sets, stacks, leases, decisions, events and the job queue, all in
// one database, so that what belongs together commits together. One file
// holds one aggregate. Postgres errors leave the package as the sentinels of
// package aegis.
package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
)

// defaultMaxConns is the pool's size when the URL has no pool_max_conns.
const defaultMaxConns = 20

// DB is the store and the queue. Its methods may be called concurrently.
type DB struct {
	pool   *pgxpool.Pool
	logger *slog.Logger
	hub    hub
	// UpgradeSpec brings a spec of the estate that an older version wrote to the
	// present format, whenever one is read; nil leaves it as it is. It is set before
	// the first read.
	UpgradeSpec func(aegis.Spec) (aegis.Spec, error)
	// ExactMemories searches memories without an index although the database has
	// pgvector. It is set before the first use.
	ExactMemories bool
	memoryIndex   memoryIndex
	commonWords   commonWords
}

// Open prepares a pool for a postgres:// URL, whose pool_max_conns bounds it
// (20 by default). It does not wait for the server: Ping does.
func Open(ctx context.Context, url string, logger *slog.Logger) (*DB, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database pool: %w", err)
	}
	return &DB{pool: pool, logger: logger}, nil
}

// Ping says whether the server answers; ErrUnavailable when not.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping database: %w", mapError(err))
	}
	return nil
}

// Close waits for connections in use and closes the pool.
func (db *DB) Close() { db.pool.Close() }
