package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/rollout"
)

// historyDatabase is beside the sandbox's own, so that no worker of its takes
// what is inserted.
const historyDatabase = "bench_history"

// history is a database of recorded decisions.
type history struct {
	db   *postgres.DB
	conn *pgx.Conn
}

func newHistory(ctx context.Context, p *e2e.Process) (*history, error) {
	address, err := freshDatabase(ctx, p, historyDatabase)
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, address, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("connect to database %s: %w", historyDatabase, err)
	}
	return &history{db: db, conn: conn}, nil
}

// freshDatabase makes an empty database beside the sandbox's own, in the place of
// one of that name, and returns its URL.
func freshDatabase(ctx context.Context, p *e2e.Process, name string) (address string, err error) {
	if err := administer(ctx, p, `DROP DATABASE IF EXISTS `+name, `CREATE DATABASE `+name); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	u, err := url.Parse(p.DatabaseURL)
	if err != nil {
		return "", errors.New("the sandbox's database URL is no URL")
	}
	u.Path = "/" + name
	return u.String(), nil
}

// administer runs statements in the sandbox's own database.
func administer(ctx context.Context, p *e2e.Process, statements ...string) error {
	admin, err := pgx.Connect(ctx, p.DatabaseURL)
	if err != nil {
		return fmt.Errorf("connect to the sandbox's database: %w", err)
	}
	for _, sql := range statements {
		if _, err = admin.Exec(ctx, sql); err != nil {
			break
		}
	}
	return errors.Join(err, admin.Close(ctx))
}

func (h *history) close(ctx context.Context) {
	_ = h.conn.Close(context.WithoutCancel(ctx)) // the server goes with the sandbox
	h.db.Close()
}

// propose inserts a change set that decisions can be committed with.
func (h *history) propose(ctx context.Context) (aegis.AutonomousChangeSet, error) {
	now := time.Now()
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: aegis.NewID(aegis.ChangeSetPrefix, now), TraceID: aegis.NewID(aegis.TracePrefix, now), Source: aegis.SourceGoal,
		Actor: "bench", Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{benchStack}},
		PromotionState: aegis.StateProposed, Phase: aegis.PhaseGate, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	return cs, h.db.InsertChangeSet(ctx, cs)
}

// fill leaves exactly n decisions about changes of so many resources, over 16
// different inputs, a second apart and the newest a second old.
func (h *history) fill(ctx context.Context, gate *policies.Gate, n, resources int) error {
	const inputs = 16
	if _, err := h.conn.Exec(ctx, `TRUNCATE decisions`); err != nil {
		return fmt.Errorf("empty the history: %w", err)
	}
	cs, err := h.propose(ctx)
	if err != nil {
		return err
	}
	for i := range inputs {
		d, err := decide(ctx, gate, gateInput(resources, i))
		if err != nil {
			return err
		}
		d.DecisionID = fmt.Sprintf("seed-%d", i)
		if err := h.db.CommitStep(ctx, rollout.Step{ChangeSet: cs, Decision: &d}); err != nil {
			return fmt.Errorf("record a decision: %w", err)
		}
		cs.Version++
	}
	_, err = h.conn.Exec(ctx, `
		INSERT INTO decisions
		SELECT copy.* FROM decisions seed, generate_series(1, $1::int) n,
			jsonb_populate_record(seed, jsonb_build_object('decision_id', 'dec-' || n, 'change_set_id', 'cs-' || n,
				'decided_at', now() - n * interval '1 s')) copy
		WHERE seed.decision_id = 'seed-' || n % $2`, n, inputs)
	if err == nil {
		_, err = h.conn.Exec(ctx, `DELETE FROM decisions WHERE decision_id LIKE 'seed-%'`)
	}
	if err == nil {
		_, err = h.conn.Exec(ctx, `ANALYZE decisions`) // as autovacuum does in time
	}
	if err != nil {
		return fmt.Errorf("fill the history: %w", err)
	}
	return nil
}
