package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const snapshotLayout = "20060102T150405.000000000Z"

// snapshotDir keeps snapshots in files of mode 0600 under a work folder, for
// the time before there is a control database.
type snapshotDir string

func (d snapshotDir) folder(stackID string) string {
	return filepath.Join(string(d), "snapshots", filepath.Base(filepath.Clean("/"+stackID)))
}

// SaveSnapshot writes a file.
func (d snapshotDir) SaveSnapshot(_ context.Context, stackID string, takenAt time.Time, data []byte, keep int) error {
	folder := d.folder(stackID)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	if err := writeFile(filepath.Join(folder, takenAt.UTC().Format(snapshotLayout)), data); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	names, err := d.names(stackID)
	if err != nil {
		return err
	}
	for _, old := range names[min(len(names), keep):] {
		if err := os.Remove(filepath.Join(folder, old)); err != nil {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}

// Snapshots reads files.
func (d snapshotDir) Snapshots(_ context.Context, stackID string, limit int) ([][]byte, error) {
	names, err := d.names(stackID)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, name := range names[:min(limit, len(names))] {
		data, err := os.ReadFile(filepath.Join(d.folder(stackID), name)) //nolint:gosec // a name just listed
		if err != nil {
			return nil, fmt.Errorf("read snapshot: %w", err)
		}
		all = append(all, data)
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
