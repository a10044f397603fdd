package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// ErrBootstrapRuns says that another bootstrap uses the same work folder.
var ErrBootstrapRuns = errors.New("another bootstrap runs with this work_dir; wait for it, or end it")

// BootstrapOptions are the flags of `aegis bootstrap`.
type BootstrapOptions struct {
	ConfigFile string
	// Estate and Environment override the configuration when not empty.
	Estate      string
	Environment string
}

// Bootstrap creates the estate's stacks in order, before there is an autopilot
// to propose them: what exists is left as it is, what is half done is
// finished. Where pulumi.bootstrap_url is set, stacks are made there; once
// database.url is given they are moved to the control database. The autopilot
// takes all of them in when it serves.
func Bootstrap(ctx context.Context, o BootstrapOptions, w io.Writer) error {
	c, err := LoadConfig(o.ConfigFile, os.Getenv)
	if err != nil {
		return err
	}
	if o.Estate != "" {
		c.Estate.Size = o.Estate
	}
	if o.Environment != "" {
		c.Environment = o.Environment
	}
	if err := c.Validate(); err != nil {
		return err
	}
	tools, err := completeTools(ctx)
	if err != nil {
		return err
	}
	unlock, err := lockFolder(c.WorkDir)
	if err != nil {
		return err
	}
	defer unlock()
	b := &bootstrap{config: c, tools: tools, w: w}
	if err := b.connect(ctx); err != nil {
		return err
	}
	defer b.close()
	return b.run(ctx)
}

func lockFolder(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make work_dir: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "bootstrap.lock"), flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock work_dir: %w", err)
	}
	if !free {
		return nil, ErrBootstrapRuns
	}
	return func() { _ = lock.Unlock() }, nil
}

// bootstrap is one run of it.
type bootstrap struct {
	config Config
	tools  toolchain.Tools
	w      io.Writer
	db     *postgres.DB
	// first is where stacks are made, final where they end up; they are the
	// same unless pulumi.bootstrap_url is set, and final is nil while there is
	// no database.
	first, final *engine.Engines
}

func (b *bootstrap) connect(ctx context.Context) error {
	c, log := b.config, newLogger(io.Discard)
	account, err := newCloud(ctx, c, b.recordKey, newReads(c), log)
	if err != nil {
		return err
	}
	if c.needsDatabase() {
		if b.db, err = openDatabase(ctx, c, log); err != nil {
			return err
		}
		if b.final, err = newEngines(ctx, c, b.tools, account, b.db, nil, log); err != nil {
			return err
		}
		b.first = b.final
	}
	if c.Pulumi.BootstrapURL != "" {
		c.Pulumi.BackendURL = c.Pulumi.BootstrapURL
		if b.first, err = newEngines(ctx, c, b.tools, account, nil, nil, log); err != nil {
			return err
		}
	}
	return nil
}

// recordKey notes a key once there is a database: what the autopilot makes is
// not to be taken for another's work later.
func (b *bootstrap) recordKey(ctx context.Context, k aegis.IssuedKey) error {
	if b.db == nil {
		return nil
	}
	return b.db.RecordKey(ctx, k) //nolint:wrapcheck // it says what was written
}

func (b *bootstrap) close() {
	if b.final != nil {
		b.final.Close()
	}
	if b.first != nil && b.first != b.final {
		b.first.Close()
	}
	if b.db != nil {
		b.db.Close()
	}
}

func (b *bootstrap) run(ctx context.Context) error {
	desired, err := desiredStacks(b.config)
	if err != nil {
		return err
	}
	for i, d := range desired {
		b.say("[%d/%d] %s", i+1, len(desired), d.StackID)
		run := aegis.StackRun{
			Spec: d.Spec, ChangeSetID: "bootstrap",
			Stack: aegis.Stack{
				StackID: d.StackID, Kind: aegis.TargetPulumiStack, Environment: d.Spec.Environment,
				Layer: d.Spec.Layer, Region: d.Spec.Region,
			},
			Policy: &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{d.Spec.Region}}},
		}
		if err := b.stack(ctx, run); err != nil {
			return fmt.Errorf("bootstrap %s: %w (run it again: what is done stays)", d.StackID, err)
		}
	}
	if b.final == nil {
		b.say("state is in %s; set database.url and run bootstrap again to move it", b.config.Pulumi.BootstrapURL)
	}
	return nil
}

func (b *bootstrap) stack(ctx context.Context, run aegis.StackRun) error {
	if b.first != b.final && b.final != nil {
		moved, err := b.moved(ctx, run)
		if err != nil || moved {
			return err
		}
	}
	if err := b.create(ctx, run); err != nil {
		return err
	}
	if b.first == b.final || b.final == nil {
		return nil
	}
	snapshot, err := b.first.Snapshot(ctx, run)
	if err != nil {
		return fmt.Errorf("export state: %w", err)
	}
	if err := b.final.Restore(ctx, run, snapshot); err != nil {
		return fmt.Errorf("import state: %w", err)
	}
	b.say("  moved to the control database")
	return nil
}

// moved says that an earlier bootstrap moved the stack already.
func (b *bootstrap) moved(ctx context.Context, run aegis.StackRun) (bool, error) {
	_, err := b.final.ImportSpec(ctx, run.Stack)
	if errors.Is(err, aegis.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		b.say("  is in the control database already")
	}
	return err == nil, err
}

// create makes the stack, or finishes it, in the first backend. A stack that
// was made with another spec keeps its own.
func (b *bootstrap) create(ctx context.Context, run aegis.StackRun) error {
	existing, err := b.first.ImportSpec(ctx, run.Stack)
	switch {
	case err == nil:
		run.Spec = existing
	case !errors.Is(err, aegis.ErrNotFound):
		return fmt.Errorf("look for the stack: %w", err)
	}
	healed, err := b.first.Repair(ctx, run)
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	for _, h := range healed {
		b.say("  healed: %s", h)
	}
	plan, err := b.first.Preview(ctx, run)
	if err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	if plan.Empty() {
		b.say("  exists, %d resources, nothing to change", plan.ResourceCount)
		return nil
	}
	run.Progress = func(e aegis.ResourceEvent) {
		if e.Status == "done" {
			b.say("  %-7s %s", e.Action, e.Address)
		}
	}
	result, err := b.first.Apply(ctx, run, plan.Digest)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	b.say("  created, %d resources", result.ResourceCount)
	return nil
}

func (b *bootstrap) say(format string, args ...any) {
	_, _ = fmt.Fprintln(b.w, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}
