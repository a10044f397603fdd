package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// addRevision queues a revision, which becomes its stack's. It fails with
// ErrConflict unless it is the newest plus one.
func addRevision(b *pgx.Batch, r aegis.SpecRevision) {
	doing := fmt.Sprintf("add revision %d of stack %s", r.Revision, r.StackID)
	mustTouch(b.Queue(`UPDATE stacks SET revision = $2, updated_at = now() WHERE stack_id = $1 AND revision = $2 - 1`,
		r.StackID, r.Revision), aegis.ErrConflict, doing)
	b.Queue(`INSERT INTO spec_revisions (stack_id, revision, spec, change_set_id) VALUES ($1, $2, $3, $4)`,
		r.StackID, r.Revision, r.Spec, r.ChangeSetID)
}

// AddSpecRevision records a spec that was found applied, such as one that
// `pulumi up` left. ErrConflict: Revision is not the newest plus one.
func (db *DB) AddSpecRevision(ctx context.Context, r aegis.SpecRevision) error {
	err := db.transact(ctx, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		addRevision(b, r)
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("add spec revision: %w", err)
	}
	return nil
}

// SpecRevision reads one revision of a stack's spec, the newest for 0;
// ErrNotFound when there is none.
func (db *DB) SpecRevision(ctx context.Context, stackID string, revision int64) (aegis.SpecRevision, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT stack_id, r.revision, spec, change_set_id, r.created_at, kind, source
		FROM spec_revisions r JOIN stacks USING (stack_id)
		WHERE stack_id = $1 AND ($2 = 0 OR r.revision = $2)
		ORDER BY r.revision DESC
		LIMIT 1`, stackID, revision)
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[revisionRow])
	if err != nil {
		return aegis.SpecRevision{}, fmt.Errorf("read spec revision %d of stack %s: %w", revision, stackID, mapError(err))
	}
	err = db.upgrade(&r.Spec, aegis.Stack{StackID: stackID, Kind: r.Kind, Source: r.Source})
	return r.SpecRevision, err
}

// EnvironmentSpecs are the newest specs of the environment's stacks that exist,
// adopted ones apart, in the order of their ids.
func (db *DB) EnvironmentSpecs(ctx context.Context, environment string) ([]aegis.Spec, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT s.stack_id, r.revision, r.spec, r.change_set_id, r.created_at, s.kind, s.source
		FROM stacks s JOIN spec_revisions r ON r.stack_id = s.stack_id AND r.revision = s.revision
		WHERE s.environment = $1 AND s.state <> $2 AND s.kind = $3 AND s.source IS NULL
		ORDER BY s.stack_id`, environment, aegis.StackPending, aegis.TargetPulumiStack)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[revisionRow])
	if err != nil {
		return nil, fmt.Errorf("read specs of environment %s: %w", environment, mapError(err))
	}
	specs := make([]aegis.Spec, len(found))
	for i, row := range found {
		specs[i] = row.Spec
		if err := db.upgrade(&specs[i], aegis.Stack{StackID: row.StackID, Kind: row.Kind}); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// revisionRow is a revision with what says whose stack it is.
type revisionRow struct {
	aegis.SpecRevision

	Kind   aegis.TargetKind
	Source *aegis.WorkspaceSource
}

// upgrade brings what was read to the present format. What an adopted stack's
// parameters are, only its own program knows.
func (db *DB) upgrade(spec *aegis.Spec, stack aegis.Stack) (err error) {
	if stack.Adopted() {
		spec.Version = aegis.SpecVersion
		return nil
	}
	if db.UpgradeSpec == nil {
		return nil
	}
	if *spec, err = db.UpgradeSpec(*spec); err != nil {
		return fmt.Errorf("read the spec of stack %s: %w", stack.StackID, err)
	}
	return nil
}

// SaveObservation keeps the newest observation of a stack.
func (db *DB) SaveObservation(ctx context.Context, o aegis.Observation) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO observations (stack_id, observation, observed_at) VALUES ($1, $2, $3)
		ON CONFLICT (stack_id) DO UPDATE SET observation = excluded.observation, observed_at = excluded.observed_at
		WHERE observations.observed_at <= excluded.observed_at`,
		o.StackID, o, o.ObservedAt)
	if err != nil {
		return fmt.Errorf("save observation of stack %s: %w", o.StackID, mapError(err))
	}
	return nil
}

// Observation reads the newest observation of a stack; ErrNotFound when there
// is none.
func (db *DB) Observation(ctx context.Context, stackID string) (aegis.Observation, error) {
	var o aegis.Observation
	err := db.pool.QueryRow(ctx, `SELECT observation FROM observations WHERE stack_id = $1`, stackID).Scan(&o)
	if err != nil {
		return aegis.Observation{}, fmt.Errorf("read observation of stack %s: %w", stackID, mapError(err))
	}
	return o, nil
}
