package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// Snapshot is a stack's state at one time.
type Snapshot struct {
	StackID string    `json:"stack_id"`
	TakenAt time.Time `json:"taken_at"`
	// Data is the state in the engine's own format; secrets in it are encrypted
	// by Pulumi and plain in Terraform's.
	Data []byte `json:"-"`
}

// SnapshotStore keeps snapshots.
type SnapshotStore interface {
	// Save stores a snapshot; the store decides how many it keeps.
	Save(context.Context, Snapshot) error
	// Newest returns the stack's snapshots, the newest first, at most n.
	Newest(ctx context.Context, stackID string, n int) ([]Snapshot, error)
}

const snapshotsKept = 10

// snapshotDir is a SnapshotStore in files of mode 0600 under a work folder.
type snapshotDir string

func (d snapshotDir) folder(stackID string) string {
	return filepath.Join(string(d), "snapshots", filepath.Base(filepath.Clean("/"+stackID)))
}

// Save writes the snapshot and removes old ones.
func (d snapshotDir) Save(_ context.Context, s Snapshot) error {
	dir := d.folder(s.StackID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	name := filepath.Join(dir, s.TakenAt.UTC().Format("20060102T150405.000000000Z"))
	if err := writeFile(name, s.Data); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	names, err := d.names(s.StackID)
	if err != nil {
		return err
	}
	for _, old := range names[min(len(names), snapshotsKept):] {
		if err := os.Remove(filepath.Join(dir, old)); err != nil {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}

// Newest reads the snapshots back.
func (d snapshotDir) Newest(_ context.Context, stackID string, n int) ([]Snapshot, error) {
	names, err := d.names(stackID)
	if err != nil {
		return nil, err
	}
	var all []Snapshot
	for _, name := range names[:min(n, len(names))] {
		data, err := os.ReadFile(filepath.Join(d.folder(stackID), name)) //nolint:gosec // a name just listed
		if err != nil {
			return nil, fmt.Errorf("read snapshot: %w", err)
		}
		at, err := time.Parse("20060102T150405.000000000Z", name)
		if err != nil {
			continue
		}
		all = append(all, Snapshot{StackID: stackID, TakenAt: at, Data: data})
	}
	return all, nil
}

// names lists the stack's snapshot files, the newest first.
func (d snapshotDir) names(stackID string) ([]string, error) {
	entries, err := os.ReadDir(d.folder(stackID))
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

// writeFile writes all or nothing, mode 0600.
func writeFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// saveSnapshot stores what take returns; a stack without state has none.
func saveSnapshot(ctx context.Context, store SnapshotStore, snap Snapshot, err error) error {
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return store.Save(ctx, snap)
}

func isNotFound(err error) bool { return err != nil && errors.Is(err, aegis.ErrNotFound) }
