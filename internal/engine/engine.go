package engine

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/aegisworld/aegis"
)

// Engines runs operations on stacks with the engine of their kind. Its methods
// may be called from any number of goroutines; two writing operations on one
// stack are the caller's lease to prevent, and are queued here.
type Engines struct {
	cfg       Config
	slots     *slots
	pulumi    engine
	terraform *terraformEngine
	projects  *projectEngine
	// terraformVersion is asked for once.
	terraformVersion terraformVersion
	close            func()

	mu      sync.Mutex
	running map[string]map[*operation]struct{} // by stack id
}

// operation is one engine operation under way.
type operation struct {
	cancel context.CancelCauseFunc
}

// engine is what Pulumi and Terraform offer, the heart of each operation:
// limits, cancelling and naming the stack in errors are Engines' part.
type engine interface {
	previewer
	applier
	stater
}

type previewer interface {
	preview(context.Context, aegis.StackRun) (aegis.Plan, error)
	observe(context.Context, aegis.StackRun) (aegis.Observation, error)
}

type applier interface {
	apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error)
	adopt(ctx context.Context, run aegis.StackRun, address, id string) error
}

type stater interface {
	outputs(context.Context, aegis.StackRun) (map[string]any, error)
	snapshot(context.Context, aegis.StackRun) (Snapshot, error)
	restore(context.Context, aegis.StackRun, Snapshot) error
	repair(context.Context, aegis.StackRun) ([]string, error)
	resources(context.Context, aegis.StackRun) ([]aegis.IndexedResource, error)
}

// adopter is what the engines of adopted stacks offer beside.
type adopter interface {
	importSpec(context.Context, aegis.Stack) (aegis.Spec, error)
	unlock(ctx context.Context, run aegis.StackRun, lockID string) error
}

// New checks cfg and returns the engines. Close ends what they keep running.
func New(cfg Config) (*Engines, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.WorkDir, 0o700); err != nil {
		return nil, fmt.Errorf("create the engines' work folder: %w", err)
	}
	keys, err := serveCredentials(cfg.Credentials, cfg.Logger)
	if err != nil {
		return nil, err
	}
	closeBackend, err := serveBackendCredentials(&cfg)
	if err != nil {
		keys.Close()
		return nil, err
	}
	e := &Engines{cfg: cfg, slots: newSlots(cfg.MaxConcurrent), running: map[string]map[*operation]struct{}{}}
	e.close = func() { keys.Close(); closeBackend() }
	if cfg.PulumiCLI != "" {
		pool := newProviderPool(cfg, keys)
		e.pulumi = &pulumiEngine{cfg: cfg, providers: pool, secrets: newStateSecrets(cfg)}
		e.close = func() { pool.Close(); keys.Close(); closeBackend() }
	}
	if err := e.adopting(keys); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// adopting makes the engines of adopted stacks, whose code runs in one place.
func (e *Engines) adopting(keys *credentialServer) error {
	projects := e.cfg.PulumiCLI != "" && e.cfg.ProjectSources != nil
	if e.cfg.TerraformCLI == "" && !projects {
		return nil
	}
	place, err := newTFPlace(e.cfg)
	if err != nil {
		return err
	}
	if e.cfg.TerraformCLI != "" {
		e.terraform = &terraformEngine{cfg: e.cfg, keys: keys, place: place, readers: newTFReaders(e.cfg, place, keys)}
		others := e.close
		e.close = func() { e.terraform.readers.Close(); others() }
	}
	if projects {
		e.projects = &projectEngine{cfg: e.cfg, keys: keys, place: place}
	}
	return nil
}

// Close cancels what runs and ends the warm provider processes.
func (e *Engines) Close() {
	e.mu.Lock()
	for _, ops := range e.running {
		for op := range ops {
			op.cancel(aegis.ErrCancelled)
		}
	}
	e.mu.Unlock()
	e.close()
}

// Preview says what an apply of run.Spec would do. With run.Refresh the real
// resources are read first, so that drift is part of the plan; with
// run.Destroy it is the plan of a removal. It never changes state, but makes an
// empty one for a stack that has none.
func (e *Engines) Preview(ctx context.Context, run aegis.StackRun) (plan aegis.Plan, err error) {
	err = e.do(ctx, "preview", run, e.patiently(func(ctx context.Context, eng engine) error {
		plan, err = eng.preview(ctx, run)
		return err
	}))
	return plan, err
}

// Refresh compares the real resources, or run.Targets among them, with the
// state and reports drift. It never writes state. An error means unknown, never drifted; it matches
// aegis.ErrNotFound when the stack was never applied.
func (e *Engines) Refresh(ctx context.Context, run aegis.StackRun) (seen aegis.Observation, err error) {
	err = e.do(ctx, "refresh", run, e.patiently(func(ctx context.Context, eng engine) error {
		seen, err = eng.observe(ctx, run)
		return err
	}))
	return seen, err
}

// Apply plans again and applies exactly that when its digest is the given one;
// else it returns aegis.ErrDigestMismatch and nothing was applied. Before, it
// heals what a crash left, and saves a snapshot of the state.
func (e *Engines) Apply(ctx context.Context, run aegis.StackRun, digest string) (res aegis.ApplyResult, err error) {
	err = e.do(ctx, "apply", run, func(ctx context.Context, eng engine) error {
		res, err = eng.apply(ctx, run, digest)
		return err
	})
	return res, err
}

// Destroy removes all resources of the stack. As with Apply, digest is that of
// the judged plan, a preview with run.Destroy set.
func (e *Engines) Destroy(ctx context.Context, run aegis.StackRun, digest string) error {
	run.Destroy = true
	_, err := e.Apply(ctx, run, digest)
	return err
}

// Import makes the stack manage the existing resource id as address, in the
// address form of ResourceChange.
func (e *Engines) Import(ctx context.Context, run aegis.StackRun, address, id string) error {
	return e.do(ctx, "import "+address+" into", run, func(ctx context.Context, eng engine) error {
		return eng.adopt(ctx, run, address, id)
	})
}

// Outputs returns the stack's outputs as JSON values, secrets masked, as of
// the last apply. It returns aegis.ErrNotFound before the first one.
func (e *Engines) Outputs(ctx context.Context, run aegis.StackRun) (out map[string]any, err error) {
	err = e.do(ctx, "read outputs of", run, func(ctx context.Context, eng engine) error {
		out, err = eng.outputs(ctx, run)
		return err
	})
	return out, err
}

// Resources lists what the stack manages, as of the last apply, from its state
// alone and without secrets. It returns aegis.ErrNotFound before the first one.
func (e *Engines) Resources(ctx context.Context, run aegis.StackRun) (found []aegis.IndexedResource, err error) {
	if run.Stack.Kind == aegis.TargetPulumiStack && !run.Stack.Adopted() && e.pulumi != nil && e.cfg.States != nil {
		found, err = e.pulumi.resources(ctx, run) // no process is started: it need not wait for those that run
		if err != nil {
			err = fmt.Errorf("list resources of stack %s: %w", run.Stack.StackID, err)
		}
		return found, err
	}
	err = e.do(ctx, "list resources of", run, func(ctx context.Context, eng engine) error {
		found, err = eng.resources(ctx, run)
		return err
	})
	return found, err
}

// Snapshot returns the stack's state as it is, secrets encrypted where the
// engine encrypts them. It returns aegis.ErrNotFound when there is none.
func (e *Engines) Snapshot(ctx context.Context, run aegis.StackRun) (snap Snapshot, err error) {
	err = e.do(ctx, "snapshot", run, func(ctx context.Context, eng engine) error {
		snap, err = eng.snapshot(ctx, run)
		return err
	})
	return snap, err
}

// Restore replaces the stack's state by the snapshot; resources stay untouched.
func (e *Engines) Restore(ctx context.Context, run aegis.StackRun, snap Snapshot) error {
	return e.do(ctx, "restore", run, func(ctx context.Context, eng engine) error {
		return eng.restore(ctx, run, snap)
	})
}

// Repair heals what a crash left behind and says what it did: orphaned locks
// are removed, begun creations are looked up in the account and adopted or
// dropped, a corrupt state is replaced by the last good snapshot. The caller
// must hold the stack's lease: run.FencingToken is the proof that the former
// owner is dead, and 0 is refused.
func (e *Engines) Repair(ctx context.Context, run aegis.StackRun) (healed []string, err error) {
	err = e.do(ctx, "repair", run, func(ctx context.Context, eng engine) error {
		healed, err = eng.repair(ctx, run)
		return err
	})
	return healed, err
}

// ImportSpec reads the spec that `pulumi up` left in the stack's outputs. It
// returns aegis.ErrNotFound when there is no state or no spec in it. That of an
// adopted stack is made of its variables.
func (e *Engines) ImportSpec(ctx context.Context, stack aegis.Stack) (spec aegis.Spec, err error) {
	if stack.Adopted() {
		err = e.do(ctx, "import the spec of", aegis.StackRun{Stack: stack}, e.patiently(func(ctx context.Context, eng engine) error {
			a, ok := eng.(adopter)
			if !ok {
				return fmt.Errorf("import a spec: %w", aegis.ErrNotImplemented)
			}
			spec, err = a.importSpec(ctx, stack)
			return err
		}))
		return spec, err
	}
	out, err := e.Outputs(ctx, aegis.StackRun{Stack: stack})
	if err != nil {
		return aegis.Spec{}, err
	}
	if out["spec"] == nil {
		return aegis.Spec{}, fmt.Errorf("spec in the outputs of stack %s: %w", stack.StackID, aegis.ErrNotFound)
	}
	if err := decodeOutput(out["spec"], &spec); err != nil {
		return aegis.Spec{}, fmt.Errorf("decode the spec in the outputs of stack %s: %w", stack.StackID, err)
	}
	if e.cfg.Upgrade == nil {
		return spec, nil
	}
	if spec, err = e.cfg.Upgrade(spec); err != nil {
		return spec, fmt.Errorf("the spec in the outputs of stack %s: %w", stack.StackID, err)
	}
	return spec, nil
}

// Cancel asks every running operation of the stack to stop and returns at
// once. The operations end with aegis.ErrCancelled and leave a valid state.
func (e *Engines) Cancel(_ context.Context, stackID string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for op := range e.running[stackID] {
		op.cancel(aegis.ErrCancelled)
	}
	return nil
}

// Unlock removes the lock with the given id from a remote state, whoever holds
// it: only a person may ask for it.
func (e *Engines) Unlock(ctx context.Context, run aegis.StackRun, lockID string) error {
	return e.do(ctx, "unlock", run, func(ctx context.Context, eng engine) error {
		a, ok := eng.(adopter)
		if !ok {
			return fmt.Errorf("only adopted stacks have such locks: %w", aegis.ErrConflict)
		}
		return a.unlock(ctx, run, lockID)
	})
}

func (e *Engines) do(ctx context.Context, verb string, run aegis.StackRun, f func(context.Context, engine) error) error {
	eng, err := e.engine(run.Stack)
	if err != nil {
		return fmt.Errorf("%s stack %s: %w", verb, run.Stack.StackID, err)
	}
	ctx, done := e.begin(ctx, run.Stack.StackID)
	defer done()
	release, err := e.slots.acquire(ctx, run.Stack.StackID)
	if err == nil {
		defer release()
		err = e.cfg.fullDisk(f(ctx, eng))
	}
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s stack %s: %w (%v)", verb, run.Stack.StackID, cause, err) //nolint:errorlint // a cancelled run has no other error
	}
	return fmt.Errorf("%s stack %s: %w", verb, run.Stack.StackID, err)
}

// patiently bounds an operation that only reads: a cloud that does not answer
// is retried by the provider for very long.
func (e *Engines) patiently(f func(context.Context, engine) error) func(context.Context, engine) error {
	return func(ctx context.Context, eng engine) error {
		ctx, cancel := context.WithTimeoutCause(ctx, e.cfg.ReadTimeout,
			fmt.Errorf("the cloud did not answer within %s: %w", e.cfg.ReadTimeout, aegis.ErrUnavailable))
		defer cancel()
		err := f(ctx, eng)
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("%w (%v)", context.Cause(ctx), err) //nolint:errorlint // a cancelled run has no other error
		}
		return err
	}
}

func (e *Engines) engine(stack aegis.Stack) (engine, error) {
	switch {
	case stack.Kind == aegis.TargetPulumiStack && !stack.Adopted() && e.pulumi != nil:
		return e.pulumi, nil
	case stack.Kind == aegis.TargetPulumiStack && stack.Adopted() && e.projects != nil:
		return e.projects, nil
	case stack.Kind == aegis.TargetTerraformWorkspace && e.terraform != nil:
		return e.terraform, nil
	default:
		return nil, fmt.Errorf("no engine for kind %q: %w", stack.Kind, aegis.ErrNotImplemented)
	}
}

func (e *Engines) begin(ctx context.Context, stackID string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	op := &operation{cancel: cancel}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running[stackID] == nil {
		e.running[stackID] = map[*operation]struct{}{}
	}
	e.running[stackID][op] = struct{}{}
	return ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.running[stackID], op)
		if len(e.running[stackID]) == 0 {
			delete(e.running, stackID)
		}
		cancel(nil)
	}
}
