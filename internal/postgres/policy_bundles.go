package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// SavePolicyArchive keeps a bundle's .tar.gz under its digest; one that is
// there already stays.
func (db *DB) SavePolicyArchive(ctx context.Context, digest string, archive []byte) error {
	_, err := db.pool.Exec(ctx, `
		INSERT INTO policy_archives (digest, archive) VALUES ($1, $2)
		ON CONFLICT (digest) DO NOTHING`, digest, archive)
	if err != nil {
		return fmt.Errorf("save policy bundle %s: %w", digest, mapError(err))
	}
	return nil
}

// PolicyArchive reads a bundle's .tar.gz; ErrNotFound when there is none.
func (db *DB) PolicyArchive(ctx context.Context, digest string) ([]byte, error) {
	var archive []byte
	err := db.pool.QueryRow(ctx, `SELECT archive FROM policy_archives WHERE digest = $1`, digest).Scan(&archive)
	if err != nil {
		return nil, fmt.Errorf("read policy bundle %s: %w", digest, mapError(err))
	}
	return archive, nil
}

// PolicyDigest is that of the bundle which decisions name by that revision;
// ErrNotFound when none was proposed.
func (db *DB) PolicyDigest(ctx context.Context, revision string) (string, error) {
	var digest string
	err := db.pool.QueryRow(ctx, `
		SELECT b.digest FROM policy_bundles b JOIN change_sets c USING (change_set_id)
		WHERE c.change_set #>> '{policy,revision}' = $1
		ORDER BY b.created_at DESC LIMIT 1`, revision).Scan(&digest)
	if err != nil {
		return "", fmt.Errorf("find policy bundle %s: %w", revision, mapError(err))
	}
	return digest, nil
}

// RunningPolicy says which bundles run.
func (db *DB) RunningPolicy(ctx context.Context) (aegis.RunningPolicy, error) {
	rows, _ := db.pool.Query(ctx, `SELECT digest, change_set_id, shadow, generation FROM policy_running`)
	running, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[aegis.RunningPolicy])
	if err != nil {
		return running, fmt.Errorf("read the running policy: %w", mapError(err))
	}
	return running, nil
}

// runPolicy queues a change of what runs.
func runPolicy(b *pgx.Batch, u rollout.PolicyUpdate) {
	mustTouch(b.Queue(`
		UPDATE policy_running SET
			digest = $2, change_set_id = $3, shadow = $4, generation = generation + 1, changed_at = now()
		WHERE digest = $1`,
		u.Was, u.Next.Digest, u.Next.ChangeSetID, u.Next.Shadow), aegis.ErrConflict, "run policy bundle "+u.Next.Digest)
	b.Queue(`UPDATE policy_bundles SET activated_at = now() WHERE change_set_id = $1 AND activated_at IS NULL`, u.Next.ChangeSetID)
}

// addBundle queues the row of a bundle that is proposed.
func addBundle(b *pgx.Batch, cs aegis.AutonomousChangeSet) {
	sources := map[aegis.Source]string{
		aegis.SourceOperator: "push", aegis.SourceRollback: "rollback",
		aegis.SourceReconcile: strings.TrimPrefix(cs.Actor, "bundle:"),
	}
	b.Queue(`
		INSERT INTO policy_bundles (bundle_id, change_set_id, digest, source, actor, created_at)
		VALUES ($1, $1, $2, $3, $4, $5)`,
		cs.ChangeSetID, cs.Policy.Digest, sources[cs.Source], cs.Actor, orNow(cs.CreatedAt))
}

// RefusePolicyBundle records that what a source has can't even be proposed,
// with an event. Digest is "" when it can't be read at all.
func (db *DB) RefusePolicyBundle(ctx context.Context, refused aegis.PolicyBundle) error {
	b := &pgx.Batch{}
	id := aegis.NewID("bundle", orNow(refused.CreatedAt))
	b.Queue(`
		INSERT INTO policy_bundles (bundle_id, digest, source, actor, error, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		id, refused.Digest, refused.Source, refused.Actor, refused.Error, orNow(refused.CreatedAt))
	appendEvents(b, aegis.Event{Kind: "policy", ID: id, Type: "policy.refused", Data: eventData(map[string]any{
		"digest": refused.Digest, "source": refused.Source, "error": refused.Error,
	})})
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("record a refused policy bundle: %w", err)
	}
	return nil
}

// NewestPolicyDigest is that of what a source gave last, "" for nothing.
func (db *DB) NewestPolicyDigest(ctx context.Context, source string) (string, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT digest FROM policy_bundles WHERE source = $1 AND digest <> ''
		ORDER BY created_at DESC, bundle_id DESC LIMIT 1`, source)
	digests, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("read what came from %s: %w", source, mapError(err))
	}
	return strings.Join(digests, ""), nil
}

// bundleRow is a bundle with its place in the list.
type bundleRow struct {
	aegis.PolicyBundle

	BundleID string
}

// PolicyBundles lists bundles, newest first, and returns the cursor of the
// next page.
func (db *DB) PolicyBundles(ctx context.Context, page aegis.Page) ([]aegis.PolicyBundle, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT b.bundle_id, b.digest, coalesce(b.change_set_id, '') AS change_set_id, b.source, b.actor, b.created_at, b.activated_at,
			coalesce(c.change_set #>> '{policy,revision}', '') AS revision,
			coalesce(c.change_set #>> '{policy,signed_by}', '') AS signer,
			coalesce(c.change_set #>> '{policy,base}', '') AS base,
			CASE
				WHEN c.change_set_id IS NULL THEN 'refused'
				WHEN c.change_set_id = r.change_set_id THEN 'active'
				WHEN c.promotion_state = 'promoted' THEN 'superseded'
				ELSE c.promotion_state
			END AS state,
			coalesce(c.change_set ->> 'error', b.error) AS error
		FROM policy_bundles b
			LEFT JOIN change_sets c ON c.change_set_id = b.change_set_id
			CROSS JOIN policy_running r
		WHERE (b.created_at, b.bundle_id) < ($1, $2)
		ORDER BY b.created_at DESC, b.bundle_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[bundleRow])
	if err != nil {
		return nil, "", fmt.Errorf("list policy bundles: %w", mapError(err))
	}
	found, next := cut(found, k, func(b bundleRow) cursor { return cursor{b.CreatedAt, b.BundleID} })
	bundles := make([]aegis.PolicyBundle, len(found))
	for i, b := range found {
		bundles[i] = b.PolicyBundle
	}
	return bundles, next, nil
}
