package artifacts

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// snapshotLayout sorts as time does, to the microsecond as Postgres has it.
const snapshotLayout = "20060102T150405.000000Z"

// snapshotStore is where snapshots were kept before; engine.SnapshotStore.
type snapshotStore interface {
	SaveSnapshot(ctx context.Context, stackID string, takenAt time.Time, sealed []byte, keep int) error
	Snapshots(ctx context.Context, stackID string, limit int) ([][]byte, error)
}

// Snapshots keeps the newest state snapshots of each stack, sealed by the engine,
// as objects. Those from before there were objects count as older.
type Snapshots struct {
	Objects objects
	Before  snapshotStore
}

func snapshotsOf(stackID string) string { return "snapshots/" + url.PathEscape(stackID) + "/" }

// SaveSnapshot writes a stack's snapshot, or replaces the one of the same time,
// and forgets all but the newest keep.
func (s Snapshots) SaveSnapshot(ctx context.Context, stackID string, takenAt time.Time, sealed []byte, keep int) error {
	folder := snapshotsOf(stackID)
	if err := s.Objects.Write(ctx, folder+takenAt.UTC().Format(snapshotLayout), sealed); err != nil {
		return err
	}
	keys, err := s.Objects.List(ctx, folder)
	if err != nil {
		return err
	}
	for _, old := range keys[:max(len(keys)-keep, 0)] {
		if err := s.Objects.Remove(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

// Snapshots returns a stack's snapshots, the newest first, at most limit.
func (s Snapshots) Snapshots(ctx context.Context, stackID string, limit int) ([][]byte, error) {
	keys, err := s.Objects.List(ctx, snapshotsOf(stackID))
	if err != nil {
		return nil, err
	}
	slices.Reverse(keys)
	var all [][]byte
	for _, key := range keys {
		if len(all) == limit {
			return all, nil
		}
		sealed, err := s.Objects.Read(ctx, key)
		if errors.Is(err, aegis.ErrNotFound) {
			continue // a newer one took its place meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, sealed)
	}
	if s.Before == nil || len(all) == limit {
		return all, nil
	}
	older, err := s.Before.Snapshots(ctx, stackID, limit-len(all))
	return append(all, older...), err
}
