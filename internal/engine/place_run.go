package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// placeID names a stack's folders and its mark.
func placeID(stackID string) string {
	sum := sha256.Sum256([]byte(stackID))
	return hex.EncodeToString(sum[:8])
}

// folders opens the folder of a stack, which is kept between operations, and
// makes one for a run. Until the files are there, nobody else may write where
// they go. The caller closes both, also when there is an error.
func (p tfPlace) folders(id string) (home, dir *os.Root, err error) {
	kept := filepath.Join(p.stacks(), id)
	if err := os.Mkdir(kept, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, nil, err
	}
	if home, err = os.OpenRoot(kept); err != nil {
		return nil, nil, err
	}
	scratch, err := os.MkdirTemp(p.runs(), id+"-")
	if err != nil {
		return home, nil, err
	}
	if dir, err = os.OpenRoot(scratch); err != nil {
		return home, nil, err
	}
	if err := dir.Mkdir("files", 0o700); err != nil {
		return home, dir, err
	}
	return home, dir, errors.Join(dir.Chmod(".", 0o711), dir.Chmod("files", 0o711), p.own(home, "."), p.folder(home, "state"), p.folder(dir, "tmp"))
}

// release closes the folders and removes the run's.
func release(home, dir *os.Root) {
	if dir != nil {
		_ = os.RemoveAll(dir.Name())
		_ = dir.Close()
	}
	if home != nil {
		_ = home.Close()
	}
}

// start runs the command that the environment names as AEGIS_ENGINE, as the
// user of the place. The error has what it wrote to standard error.
func (p tfPlace) start(ctx context.Context, c child) (int, error) {
	leash, hold, err := os.Pipe()
	if err != nil {
		return -1, fmt.Errorf("start the engine: %w", err)
	}
	defer func() { _, _ = leash.Close(), hold.Close() }()
	if c.stdout == nil {
		c.stdout = io.Discard
	}
	stderr := &tail{limit: 64 << 10}
	c.path, c.stderr, c.user, c.leash = p.guard(), stderr, p.user, leash
	code, err := c.run(ctx)
	if err == nil {
		return code, nil
	}
	if said := stderr.String(); said != "" {
		return code, fmt.Errorf("%w\n%s", err, said)
	}
	return code, err
}

func (p tfPlace) markFile(id string) string { return filepath.Join(p.marks(), id) }

func (p tfPlace) mark(id string) mark {
	var m mark
	if b, err := os.ReadFile(p.markFile(id)); err == nil {
		_ = json.Unmarshal(b, &m) // what can't be read is forgotten
	}
	return m
}

func (p tfPlace) remember(id string, change func(*mark)) error {
	m := p.mark(id)
	change(&m)
	b, err := json.Marshal(m)
	if err == nil {
		err = writeFile(p.markFile(id), b)
	}
	if err != nil {
		return fmt.Errorf("remember what was done to a stack: %w", err)
	}
	return nil
}
