package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// ResourceOwners lists the managed resources that have one of the ids: an ARN or the
// cloud's id.
func (db *DB) ResourceOwners(ctx context.Context, ids []string) ([]aegis.IndexedResource, error) {
	rows, _ := db.pool.Query(ctx, `
		SELECT stack_id, address, type, region, id, arn, name, parents
		FROM resource_index WHERE keys && $1 AND (arn = ANY ($1) OR id = ANY ($1))
		ORDER BY stack_id, address`, emptyNotNil(ids))
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[aegis.IndexedResource])
	if err != nil {
		return nil, fmt.Errorf("find the stacks of resources: %w", mapError(err))
	}
	return found, nil
}

// Dependents lists the stacks that read outputs of the given ones, directly or not,
// by id, without the given ones.
func (db *DB) Dependents(ctx context.Context, stackIDs []string) ([]string, error) {
	rows, _ := db.pool.Query(ctx, `
		WITH RECURSIVE reached AS (
			SELECT unnest($1::text[]) AS stack_id
			UNION
			SELECT s.stack_id FROM reached r JOIN stacks s ON r.stack_id = ANY (s.depends_on)
		)
		SELECT stack_id FROM reached WHERE NOT stack_id = ANY ($1) ORDER BY stack_id`, emptyNotNil(stackIDs))
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find the stacks that depend on others: %w", mapError(err))
	}
	return found, nil
}

// UpdateIncidents gives decide the incidents that have one of the findings, and the open
// ones whose blast radius has one of the resources or stacks, oldest first; and when the
// newest word of each finding was said, by key. It keeps what decide returns
// with the events, and the newer words' times, in one transaction and one caller at a time.
func (db *DB) UpdateIncidents(
	ctx context.Context, findings []aegis.Finding, reach []string,
	decide func(known []aegis.SecurityIncident, said map[string]time.Time) []aegis.IncidentWrite,
) error {
	newest := newestWords(findings)
	keys := slices.Sorted(maps.Keys(newest))
	err := db.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('incidents'))`); err != nil {
			return err
		}
		known, said, err := knownIncidents(ctx, tx, keys, reach)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, key := range keys {
			b.Queue(`
				INSERT INTO findings AS f (finding, said_at) VALUES ($1, $2)
				ON CONFLICT (finding) DO UPDATE SET said_at = excluded.said_at WHERE excluded.said_at > f.said_at`, key, newest[key])
		}
		for _, w := range decide(known, said) {
			if err := writeIncident(b, w); err != nil {
				return err
			}
		}
		return sendIn(ctx, tx, b)
	})
	if err != nil {
		return fmt.Errorf("update incidents: %w", err)
	}
	return nil
}

func newestWords(findings []aegis.Finding) map[string]time.Time {
	newest := map[string]time.Time{}
	for _, f := range findings {
		if at, ok := newest[f.Key()]; !ok || f.ObservedAt.After(at) {
			newest[f.Key()] = f.ObservedAt
		}
	}
	return newest
}

func knownIncidents(ctx context.Context, tx pgx.Tx, keys, reach []string) (known []aegis.SecurityIncident, said map[string]time.Time, err error) {
	rows, _ := tx.Query(ctx, `
		SELECT incident FROM incidents
		WHERE findings && $1 OR state = 'open' AND (resources && $2 OR stack_ids && $2)
		ORDER BY opened_at, incident_id`, emptyNotNil(keys), emptyNotNil(reach))
	if known, err = pgx.CollectRows(rows, pgx.RowTo[aegis.SecurityIncident]); err != nil {
		return nil, nil, err
	}
	rows, _ = tx.Query(ctx, `SELECT finding AS key, said_at FROM findings WHERE finding = ANY ($1)`, emptyNotNil(keys))
	words, err := pgx.CollectRows(rows, pgx.RowToStructByName[findingWord])
	said = map[string]time.Time{}
	for _, w := range words {
		said[w.Key] = w.SaidAt
	}
	return known, said, err
}

// findingWord is when the newest word of a finding was said.
type findingWord struct {
	Key    string
	SaidAt time.Time
}

// incidentData is what events tell of an incident. Webhooks are told by stack.
type incidentData struct {
	aegis.SecurityIncident

	StackIDs []string `json:"stack_ids"`
}

func writeIncident(b *pgx.Batch, w aegis.IncidentWrite) error {
	i := w.Incident
	var findings []string
	for _, f := range i.SignalSet {
		findings = append(findings, f.Key())
	}
	b.Queue(`
		INSERT INTO incidents (incident_id, state, severity, findings, resources, stack_ids, incident, opened_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (incident_id) DO UPDATE SET
			state = excluded.state, severity = excluded.severity, findings = excluded.findings, resources = excluded.resources,
			stack_ids = excluded.stack_ids, incident = excluded.incident, closed_at = excluded.closed_at`,
		i.IncidentID, i.State, i.Severity.Rank(), emptyNotNil(findings), emptyNotNil(i.BlastRadius.Resources), emptyNotNil(i.BlastRadius.StackIDs), i, i.OpenedAt, i.ClosedAt)
	data, err := json.Marshal(incidentData{i, i.BlastRadius.StackIDs})
	if err != nil {
		return fmt.Errorf("encode incident %s: %w", i.IncidentID, err)
	}
	for _, event := range w.Events {
		appendEvents(b, aegis.Event{Kind: "incident", ID: i.IncidentID, Type: event, Data: data})
	}
	return nil
}

// Incident reads an incident; ErrNotFound when there is none.
func (db *DB) Incident(ctx context.Context, id string) (aegis.SecurityIncident, error) {
	rows, _ := db.pool.Query(ctx, `SELECT incident FROM incidents WHERE incident_id = $1`, id)
	i, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[aegis.SecurityIncident])
	if err != nil {
		return aegis.SecurityIncident{}, fmt.Errorf("read incident %s: %w", id, mapError(err))
	}
	return i, nil
}

// Incidents lists incidents, newest first, and returns the cursor of the next page.
func (db *DB) Incidents(ctx context.Context, f aegis.IncidentFilter, page aegis.Page) ([]aegis.SecurityIncident, string, error) {
	k, err := newKeyset(page)
	if err != nil {
		return nil, "", err
	}
	rows, _ := db.pool.Query(ctx, `
		SELECT incident FROM incidents
		WHERE (opened_at, incident_id) < ($1, $2) AND ($4 = '' OR state = $4) AND severity >= $5 AND ($6 = '' OR stack_ids @> ARRAY[$6])
		ORDER BY opened_at DESC, incident_id DESC
		LIMIT $3`, k.at, k.id, k.limit+1, f.State, f.Severity.Rank(), f.StackID)
	found, err := pgx.CollectRows(rows, pgx.RowTo[aegis.SecurityIncident])
	if err != nil {
		return nil, "", fmt.Errorf("list incidents: %w", mapError(err))
	}
	found, next := cut(found, k, func(i aegis.SecurityIncident) cursor { return cursor{i.OpenedAt, i.IncidentID} })
	return found, next, nil
}
