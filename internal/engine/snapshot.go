package engine

import (
	"encoding/json"
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

const (
	snapshotsKept  = 10
	snapshotLayout = "20060102T150405.000000000Z"
)

// snapshotDir keeps the newest snapshots of each stack in files of mode 0600
// under a work folder.
type snapshotDir string

func (c Config) snapshots() snapshotDir { return snapshotDir(c.WorkDir) }

func (d snapshotDir) folder(stackID string) string {
	return filepath.Join(string(d), "snapshots", filepath.Base(filepath.Clean("/"+stackID)))
}

func (d snapshotDir) file(s Snapshot) string {
	return filepath.Join(d.folder(s.StackID), s.TakenAt.UTC().Format(snapshotLayout))
}

// save writes the snapshot, or replaces the one of the same stack and time,
// and removes old ones.
func (d snapshotDir) save(s Snapshot) error {
	if err := os.MkdirAll(d.folder(s.StackID), 0o700); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	if err := writeFile(d.file(s), data); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	names, err := d.names(s.StackID)
	if err != nil {
		return err
	}
	for _, old := range names[min(len(names), snapshotsKept):] {
		if err := os.Remove(filepath.Join(d.folder(s.StackID), old)); err != nil {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}

// newest returns the stack's snapshots, the newest first, at most n.
func (d snapshotDir) newest(stackID string, n int) ([]Snapshot, error) {
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
		var s Snapshot
		if err := json.Unmarshal(data, &s); err != nil {
			return nil, fmt.Errorf("decode snapshot %s: %w", name, err)
		}
		all = append(all, s)
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
