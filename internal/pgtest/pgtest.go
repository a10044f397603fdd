// Package pgtest gives each test a Postgres database of its own. The first
// call in a process starts a private server with the binaries of this
// machine, on a free port of the loopback interface; it dies, and its files
// go, with the process, however that ends. Without binaries tests fail.
package pgtest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis/internal/postgres"
)

const template = "aegis_template"

//nolint:gochecknoglobals // one server per test process
var shared = sync.OnceValues(startShared)

//nolint:gochecknoglobals // numbers the databases of the process
var serial atomic.Int64

// New returns the URL of a fresh database with all migrations applied, which
// is dropped when the test ends.
func New(tb testing.TB) string {
	tb.Helper()
	return create(tb, template)
}

// Empty returns the URL of a fresh database without any table.
func Empty(tb testing.TB) string {
	tb.Helper()
	return create(tb, "template0")
}

// Open returns the store on a fresh database with all migrations applied.
func Open(tb testing.TB) *postgres.DB {
	tb.Helper()
	db, err := postgres.Open(tb.Context(), New(tb), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(db.Close)
	return db
}

func create(tb testing.TB, from string) string {
	tb.Helper()
	cluster, err := shared()
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	name := fmt.Sprintf("test_%d", serial.Add(1))
	if err := cluster.admin(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, from)); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := cluster.admin(fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return cluster.URL(name)
}

// startShared starts the process's server and fills its template database.
func startShared() (*Cluster, error) {
	cluster, err := Start()
	if err != nil {
		return nil, err
	}
	if err := cluster.admin("CREATE DATABASE " + template); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := postgres.Open(ctx, cluster.URL(template), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return cluster, db.Migrate(ctx)
}

// admin runs one statement in the maintenance database.
func (c *Cluster) admin(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
