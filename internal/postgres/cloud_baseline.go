package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/aegisworld/aegis"
)

// Baseline are the keys of what is known to be unmanaged in a region, and left;
// taken is when it was last written, zero before the first time.
func (db *DB) Baseline(ctx context.Context, region string) (keys []string, taken time.Time, err error) {
	err = db.pool.QueryRow(ctx, `
		SELECT taken_at, ARRAY(SELECT key FROM cloud_baseline b WHERE b.region = s.region ORDER BY key)
		FROM cloud_stocks s WHERE region = $1`, region).Scan(&taken, &keys)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the baseline of region %s: %w", region, mapError(err))
	}
	return keys, taken, nil
}

// SaveBaseline replaces what is known to be unmanaged in a region.
func (db *DB) SaveBaseline(ctx context.Context, region string, known []aegis.CloudResource) error {
	keys := make([]string, len(known))
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO cloud_stocks (region, taken_at) VALUES ($1, now()) ON CONFLICT (region) DO UPDATE SET taken_at = excluded.taken_at`, region)
	for i, r := range known {
		keys[i] = r.Key()
		b.Queue(`INSERT INTO cloud_baseline (region, key, resource) VALUES ($1, $2, $3) ON CONFLICT (region, key) DO NOTHING`, region, keys[i], r)
	}
	b.Queue(`DELETE FROM cloud_baseline WHERE region = $1 AND NOT key = ANY($2)`, region, keys)
	if err := db.send(ctx, b); err != nil {
		return fmt.Errorf("save the baseline of region %s: %w", region, err)
	}
	return nil
}

// ResourcesByKey lists the managed resources that any of the keys may mean.
func (db *DB) ResourcesByKey(ctx context.Context, keys []string) (found []aegis.IndexedResource, err error) {
	err = db.transact(ctx, func(tx pgx.Tx) (err error) {
		found, err = resourcesByKey(ctx, tx, emptyNotNil(keys))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find managed resources: %w", err)
	}
	return found, nil
}

// EnqueueStock asks for a look at what is unmanaged in a region, "" for what
// has none, unless one waits already.
func (db *DB) EnqueueStock(ctx context.Context, region string) error {
	err := db.transact(ctx, func(tx pgx.Tx) error { return enqueueStocks(ctx, tx, []string{region}) })
	if err != nil {
		return fmt.Errorf("ask for a look at region %q: %w", region, err)
	}
	return nil
}

func enqueueStocks(ctx context.Context, tx pgx.Tx, regions []string) error {
	return enqueueLooks(ctx, tx, "region", regions, func(region string) jobArgs { return stockJob{Region: region} })
}

// stocked are the regions whose unmanaged resources the events may be about.
func stocked(events []aegis.CloudEvent) []string {
	var regions []string
	seen := map[string]bool{}
	for _, e := range events {
		switch e.Source {
		case "ec2.amazonaws.com", "iam.amazonaws.com", "s3.amazonaws.com":
		default:
			continue
		}
		region := e.Region
		if e.Source == "iam.amazonaws.com" {
			region = ""
		}
		if !e.Own && !seen[region] {
			seen[region] = true
			regions = append(regions, region)
		}
	}
	return regions
}
