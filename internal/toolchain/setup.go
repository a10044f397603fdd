package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Setup gets what is missing and says to w what it does and chose. It needs
// the checkout. Run again it only looks. An error names each required piece
// that is still missing, with its remedy; optional ones are told to w.
func Setup(ctx context.Context, o Options, w io.Writer) error {
	m, err := newMachine(o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(m.dir, "bin"), 0o755); err != nil { //nolint:gosec // programs, for all users
		return fmt.Errorf("create the tools' folder: %w", err)
	}
	lock := flock.New(filepath.Join(m.dir, "setup.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("wait for another setup: %w", err)
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	return m.setup(ctx, w)
}

func (m *machine) setup(ctx context.Context, w io.Writer) error {
	say := func(format string, args ...any) { fmt.Fprintf(w, "  "+format+"\n", args...) }
	tools := m.noTools()
	var missing []error
	for _, p := range m.wanted() {
		item := m.obtain(ctx, p, &tools, say)
		tools.items = append(tools.items, item)
		fmt.Fprintln(w, line(item))
		if item.Required && !item.OK {
			missing = append(missing, fmt.Errorf("%s is missing: %s", item.Name, item.Remedy))
		}
	}
	return errors.Join(missing...)
}

// obtain finds a piece, and gets it when it is missing or stale.
func (m *machine) obtain(ctx context.Context, p piece, tools *Tools, say progress) Item {
	item := p.look(ctx, m, tools)
	stale := p.stale != nil && p.stale(m, tools)
	if (item.OK && !stale) || p.get == nil {
		return item
	}
	if err := p.get(ctx, m, tools, say); err != nil {
		say("%s: %v", p.name, err)
		item.OK = false
		item.Remedy = p.remedy
		return item
	}
	return p.look(ctx, m, tools)
}

func line(item Item) string {
	if !item.OK {
		mark := "missing"
		if !item.Required {
			mark = "missing (optional)"
		}
		return fmt.Sprintf("%-24s %s: %s", item.Name, mark, item.Remedy)
	}
	return fmt.Sprintf("%-24s %-10s %s (%s)", item.Name, item.Version, item.Path, item.Origin)
}
