package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateLock is the advisory lock under which one process migrates.
const migrateLock = 0x61656769730001 // "aegis" and a number

// Migrate brings the schema, River's included, to this program's version.
// Several processes may call it at once; it only goes forward. Where the database
// has pgvector it indexes memories, too.
func (db *DB) Migrate(ctx context.Context) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate: connect: %w", mapError(err))
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
		return fmt.Errorf("migrate: take the lock: %w", mapError(err))
	}
	defer unlockMigrate(ctx, conn)
	if err := db.migrateQueue(ctx); err != nil {
		return err
	}
	if err := db.migrateSchema(ctx); err != nil {
		return err
	}
	return db.prepareMemoryIndex(ctx)
}

// unlockMigrate gives the lock back even when ctx has ended; a connection
// that can't is closed, which frees the lock too.
func unlockMigrate(ctx context.Context, conn *pgxpool.Conn) {
	ctx = context.WithoutCancel(ctx)
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, migrateLock); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}

func (db *DB) migrateQueue(ctx context.Context) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(db.pool), &rivermigrate.Config{Logger: warnings(db.logger)})
	if err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate queue: %w", mapError(err))
	}
	return nil
}

func (db *DB) migrateSchema(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate schema: %w", err)
	}
	std := stdlib.OpenDBFromPool(db.pool)
	defer std.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, std, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate schema: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema: %w", mapError(err))
	}
	return nil
}
