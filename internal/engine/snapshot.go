package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
)

// Snapshot is a stack's state at one time.
type Snapshot struct {
	StackID string    `json:"stack_id"`
	TakenAt time.Time `json:"taken_at"`
	// Plan is what was about to be applied, secrets masked; its Digest is ""
	// when the snapshot was taken for its own sake.
	Plan aegis.Plan `json:"plan"`
	// FencingToken is that of the lease that was about to apply.
	FencingToken int64 `json:"fencing_token"`
	// Finished says that the apply came to an orderly end: no crash cut it off.
	Finished bool `json:"finished"`
	// Data is the state in the engine's own format, nil when there was none.
	// Secrets in it are encrypted by Pulumi and plain in Terraform's.
	Data []byte `json:"data"`
	// After is the state that the apply left, once it is finished.
	After []byte `json:"after,omitempty"`
}

// SnapshotStore keeps the snapshots of stacks where every worker finds them. It
// sees them compressed and encrypted.
type SnapshotStore interface {
	// SaveSnapshot writes a snapshot, or replaces the one of the same stack and
	// time, and forgets all but the stack's newest keep.
	SaveSnapshot(ctx context.Context, stackID string, takenAt time.Time, sealed []byte, keep int) error
	// Snapshots returns the stack's snapshots, the newest first, at most limit.
	Snapshots(ctx context.Context, stackID string, limit int) ([][]byte, error)
}

const snapshotsKept = 10

// snapshots are the newest snapshots of each stack.
type snapshots struct {
	store SnapshotStore
	seal  sealer
}

func (c Config) snapshots() snapshots {
	if c.Snapshots == nil {
		return snapshots{store: snapshotDir(c.WorkDir), seal: unsealed{}}
	}
	return snapshots{store: c.Snapshots, seal: newVault(c.DigestKey, "aegis engine snapshots")}
}

// save writes the snapshot, or replaces the one of the same stack and time,
// and removes old ones.
func (s snapshots) save(ctx context.Context, snap Snapshot) error {
	data, err := json.Marshal(snap)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	if data, err = s.seal.seal(data, snap.StackID); err != nil {
		return fmt.Errorf("seal snapshot: %w", err)
	}
	return s.store.SaveSnapshot(ctx, snap.StackID, snap.TakenAt, data, snapshotsKept)
}

// newest returns the stack's snapshots, the newest first, at most n.
func (s snapshots) newest(ctx context.Context, stackID string, n int) ([]Snapshot, error) {
	kept, err := s.store.Snapshots(ctx, stackID, n)
	if err != nil {
		return nil, err
	}
	all := make([]Snapshot, len(kept))
	for i, data := range kept {
		if data, err = s.seal.open(data, stackID); err != nil {
			return nil, fmt.Errorf("open snapshot: %w", err)
		}
		if err := json.Unmarshal(data, &all[i]); err != nil {
			return nil, fmt.Errorf("decode snapshot: %w", err)
		}
	}
	return all, nil
}

// sound returns the newest state in snaps that check accepts.
func sound(snaps []Snapshot, check func([]byte) error) (Snapshot, bool) {
	for _, s := range snaps {
		for _, data := range [][]byte{s.After, s.Data} {
			if len(data) > 0 && check(data) == nil {
				s.Data = data
				return s, true
			}
		}
	}
	return Snapshot{}, false
}

func isNotFound(err error) bool { return err != nil && errors.Is(err, aegis.ErrNotFound) }
