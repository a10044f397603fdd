package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
	"github.com/aegisworld/aegis/internal/cloud"
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
	tools, err := completeTools(ctx, forEngines())
	if err != nil {
		return err
	}
	unlock, err := lockFolder(ctx, c.WorkDir)
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

// lockPatience is how long a bootstrap that was killed may take to be gone.
const lockPatience = 10 * time.Second

func lockFolder(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make work_dir: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "bootstrap.lock"), flock.SetPermissions(0o600))
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	_, err = lock.TryLockContext(patient, 200*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, ErrBootstrapRuns
	}
	if err != nil {
		return nil, fmt.Errorf("lock work_dir: %w", err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// bootstrap is one run of it.
type bootstrap struct {
	config Config
	tools  toolchain.Tools
	w      io.Writer
	db     *postgres.DB
	// account answers whether a region does.
	account *cloud.Cloud
	// first is where stacks are made, final where they end up; they are the
	// same unless pulumi.bootstrap_url is set, and final is nil while there is
	// no database.
	first, final *engine.Engines

	mu sync.Mutex // guards w, and run's count
}

func (b *bootstrap) connect(ctx context.Context) error {
	c, log := b.config, newLogger(io.Discard)
	account, err := newCloud(ctx, c, b.recordKey, newReads(c), log)
	if err != nil {
		return err
	}
	b.account = account
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

// attempt is one stack's way through a bootstrap.
type attempt struct {
	// over is closed at the end, when fault is set.
	over  chan struct{}
	fault error
}

// run makes each stack once all that it depends on is there, as many at once as
// the engine runs. What fails stops only what depends on it.
func (b *bootstrap) run(ctx context.Context) error {
	desired, err := desiredStacks(b.config)
	if err != nil {
		return err
	}
	attempts := make(map[string]*attempt, len(desired))
	for _, d := range desired {
		attempts[d.StackID] = &attempt{over: make(chan struct{})}
	}
	begun := 0
	var group sync.WaitGroup
	for _, d := range desired {
		group.Go(func() {
			one := attempts[d.StackID]
			defer close(one.over)
			if id := missing(attempts, d.DependsOn); id != "" {
				one.fault = fmt.Errorf("bootstrap %s: waits for %s", d.StackID, id)
				return
			}
			b.mu.Lock()
			begun++
			n := begun
			b.mu.Unlock()
			b.say("[%d/%d] %s", n, len(desired), d.StackID)
			if err := b.insist(ctx, d); err != nil {
				one.fault = fmt.Errorf("bootstrap %s: %w", d.StackID, err)
			}
		})
	}
	group.Wait()
	if err := faultsOf(desired, attempts); err != nil {
		return err
	}
	if b.final == nil {
		b.say("state is in %s; set database.url and run bootstrap again to move it", b.config.Pulumi.BootstrapURL)
	}
	return nil
}

// missing waits for the stacks, and is the first of them that is not there; ""
// is none. Those that are not this estate's are there.
func missing(attempts map[string]*attempt, ids []string) string {
	for _, id := range ids {
		if attempts[id] == nil {
			continue
		}
		if <-attempts[id].over; attempts[id].fault != nil {
			return id
		}
	}
	return ""
}

func faultsOf(desired []drift.Desired, attempts map[string]*attempt) error {
	var faults []error
	for _, d := range desired {
		if fault := attempts[d.StackID].fault; fault != nil {
			faults = append(faults, fault)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w\n%d of %d stacks are made; run it again for the others: what is done stays",
		errors.Join(faults...), len(desired)-len(faults), len(desired))
}

// bootstrapPauses are waited before a stack is tried again: what its cloud
// refuses may be over soon.
func bootstrapPauses() []time.Duration { return []time.Duration{5 * time.Second, 20 * time.Second} }

// insist makes a stack, and tries again where that may help.
func (b *bootstrap) insist(ctx context.Context, d drift.Desired) error {
	err := b.desired(ctx, d)
	for _, pause := range bootstrapPauses() {
		if err == nil || ctx.Err() != nil || errors.Is(err, aegis.ErrInvalid) {
			return err
		}
		b.say("  %s  failed, tries again in %s: %v", d.StackID, pause, err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		err = b.desired(ctx, d)
	}
	return err
}

func (b *bootstrap) desired(ctx context.Context, d drift.Desired) error {
	if err := b.account.Reachable(ctx, d.Spec.Region); err != nil {
		return err
	}
	return b.stack(ctx, aegis.StackRun{
		Spec: d.Spec, ChangeSetID: "bootstrap",
		Stack: aegis.Stack{
			StackID: d.StackID, Kind: aegis.TargetPulumiStack, Environment: d.Spec.Environment,
			Layer: d.Spec.Layer, Region: d.Spec.Region,
		},
		Policy: &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{d.Spec.Region}}},
	})
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
	b.tell(run, "moved to the control database")
	return nil
}

// moved says that an earlier bootstrap moved the stack already.
func (b *bootstrap) moved(ctx context.Context, run aegis.StackRun) (bool, error) {
	_, err := b.final.ImportSpec(ctx, run.Stack)
	if errors.Is(err, aegis.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		b.tell(run, "is in the control database already")
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
		b.tell(run, "healed: %s", h)
	}
	plan, err := b.first.Preview(ctx, run)
	if err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	whole, err := b.whole(ctx, run)
	if err != nil {
		return err
	}
	if plan.Empty() && whole {
		b.tell(run, "exists, %d resources, nothing to change", plan.ResourceCount)
		return nil
	}
	run.Progress = func(e aegis.ResourceEvent) {
		if e.Status == "done" {
			b.tell(run, "%-7s %s", e.Action, e.Address)
		}
	}
	result, err := b.first.Apply(ctx, run, plan.Digest)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	b.tell(run, "created, %d resources", result.ResourceCount)
	return nil
}

// whole says that the stack was made to its end, which writes its outputs: what
// depends on the stack reads them.
func (b *bootstrap) whole(ctx context.Context, run aegis.StackRun) (bool, error) {
	outputs, err := b.first.Outputs(ctx, run)
	if err != nil && !errors.Is(err, aegis.ErrNotFound) {
		return false, fmt.Errorf("read the outputs: %w", err)
	}
	return len(outputs) > 0, nil
}

// tell says something about a stack, of which several are made at once.
func (b *bootstrap) tell(run aegis.StackRun, format string, args ...any) {
	b.say("  %s  %s", run.Stack.StackID, fmt.Sprintf(format, args...))
}

func (b *bootstrap) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = fmt.Fprintln(b.w, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}
