package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/aegisworld/aegis"
)

// pulumi runs the CLI as the user of the place, in an environment built from
// nothing, and returns what it did.
func (w *pulumiProject) pulumi(ctx context.Context, dryRun bool, doing string, args ...string) (*recording, error) {
	phases := &phases{run: w.run}
	next := func() *recording {
		rec := phases.next()
		rec.dryRun = dryRun
		return rec
	}
	server, err := serveEvents(next)
	if err != nil {
		return nil, fmt.Errorf("listen for engine events: %w", err)
	}
	defer server.Close()
	args = append(args, "--stack", w.stack, "--non-interactive", "--color", "never", "--event-log", "tcp://"+server.addr)
	grace := w.cfg.CancelGrace
	if dryRun {
		grace = min(grace, readGrace)
	}
	out := &tail{limit: 16 << 10} // it says there why it did not start
	if _, err := w.place.start(ctx, child{args: args, dir: w.work, env: w.env(), stdout: out, grace: grace}); err != nil {
		if len(phases.last().errors) == 0 {
			err = fmt.Errorf("%w\n%s", err, out.String())
		}
		return phases.last(), w.failure(doing, err, phases.last())
	}
	return phases.last(), nil
}

func (w *pulumiProject) env() []string {
	cli := filepath.Dir(w.cfg.PulumiCLI)
	env := []string{
		"PATH=" + cli + ":/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin",
		"HOME=" + filepath.Join(w.home.Name(), "home"),
		"TMPDIR=" + w.path("tmp"),
		"USER=aegis-" + w.id, // the copy's locks name it
		"LANG=C.UTF-8",
		"TZ=UTC",
		"AEGIS_ENGINE=" + w.cfg.PulumiCLI,
		"PULUMI_HOME=" + w.path("pulumi"),
		"PULUMI_BACKEND_URL=" + w.backendURL(),
		"PULUMI_AUTOMATION_API=true",
		"PULUMI_DEBUG_COMMANDS=true", // for event logs
		"PULUMI_EXPERIMENTAL=true",   // for plans
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_IGNORE_AMBIENT_PLUGINS=true",
		"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
		"NO_COLOR=1",
	}
	if w.locked {
		env = append(env, "PULUMI_CONFIG_PASSPHRASE_FILE="+w.path("passphrase"))
	} else {
		env = append(env, "PULUMI_CONFIG_PASSPHRASE="+rand.Text()) // nothing is encrypted with it
	}
	env = append(env, w.cfg.awsEnv(w.run.Stack.Region, w.key)...)
	return append(env, w.cfg.pluginEnv()...)
}

func (e *projectEngine) preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	w, err := e.open(ctx, run, reads)
	if err != nil {
		return aegis.Plan{}, err
	}
	defer w.close(ctx)
	rec, err := w.plan(ctx)
	if err != nil {
		return aegis.Plan{}, err
	}
	return rec.plan(e.cfg.DigestKey), nil
}

// plan previews what an update, or a removal, would do. An update's plan is
// kept to bind the update to it.
func (w *pulumiProject) plan(ctx context.Context) (*recording, error) {
	if w.run.Stack.StateOnly() {
		return nil, aegis.Invalid("target.stack_ids", "the stack was adopted by its state alone: there is no program to plan with")
	}
	args := []string{"preview", "--save-plan", w.path("plan.json")}
	if w.run.Destroy {
		args = []string{"destroy", "--preview-only"}
	}
	return w.pulumi(ctx, true, "preview", w.refreshing(args)...)
}

func (w *pulumiProject) refreshing(args []string) []string {
	if w.run.Refresh {
		return append(args, "--refresh")
	}
	return args
}

// observe reads the real resources, or the targets among them, and compares
// them with the state. No program is run.
func (e *projectEngine) observe(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	w, err := e.open(ctx, run, reads)
	if err != nil {
		return aegis.Observation{}, err
	}
	defer w.close(ctx)
	d, err := w.inner.deployment(ctx, run)
	if err != nil {
		return aegis.Observation{}, err
	}
	seen := aegis.Observation{StackID: run.Stack.StackID, Drift: []aegis.ResourceChange{}, ObservedAt: e.cfg.Now().UTC()}
	args := []string{"refresh", "--preview-only"}
	urns := d.urnsOf(run.Targets)
	for _, urn := range urns {
		args = append(args, "--target", urn)
	}
	if len(run.Targets) == 0 || len(urns) > 0 {
		rec, err := w.pulumi(ctx, true, "refresh", args...)
		if err != nil {
			return aegis.Observation{}, err
		}
		seen.Drift = rec.observation(e.cfg.Now()).Drift
	}
	seen.Targets, seen.Resources = run.Targets, d.index(run.Stack)
	seen.ResourceCount, seen.Checks = len(seen.Resources), checksOf(d.outputs())
	return seen, nil
}

// apply plans again and applies exactly that plan, when it is the judged one.
func (e *projectEngine) apply(ctx context.Context, run aegis.StackRun, judged string) (aegis.ApplyResult, error) {
	w, err := e.open(ctx, run, writes)
	if err != nil {
		return aegis.ApplyResult{}, err
	}
	defer w.close(ctx)
	healed, err := w.repair(ctx)
	if err != nil {
		return aegis.ApplyResult{}, err
	}
	snap, err := w.inner.snapshot(ctx, w.run)
	j, err := e.cfg.newJudge(run, judged, snap, err)
	if err != nil {
		return aegis.ApplyResult{}, err
	}
	rec, err := w.update(ctx, j)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, w.inner.settleCancelled(context.WithoutCancel(ctx), w.run, rec))
	}
	err = errors.Join(j.finish(ctx, err, w.inner.left(w.run)), w.state.commit(context.WithoutCancel(ctx)))
	if err != nil {
		return aegis.ApplyResult{StackID: run.Stack.StackID, Healed: healed}, err
	}
	res := rec.result()
	res.Healed, res.Resources = healed, rec.index()
	return res, nil
}

func (w *pulumiProject) update(ctx context.Context, j *judge) (*recording, error) {
	planned, err := w.plan(ctx)
	if err != nil {
		return planned, err
	}
	if err := j.allow(ctx, planned.plan(w.cfg.DigestKey)); err != nil {
		return newRecording(w.run), err
	}
	if w.run.Destroy {
		return w.pulumi(ctx, false, "destroy", w.refreshing([]string{"destroy", "--skip-preview", "--yes"})...)
	}
	return w.pulumi(ctx, false, "up", w.refreshing([]string{"up", "--skip-preview", "--yes", "--plan", w.path("plan.json")})...)
}

// adopt makes the stack manage an existing resource.
func (e *projectEngine) adopt(ctx context.Context, run aegis.StackRun, address, id string) error {
	w, err := e.open(ctx, run, writes)
	if err != nil {
		return err
	}
	defer w.close(ctx)
	rec, err := w.plan(ctx)
	if err != nil {
		return err
	}
	m, ok := rec.creation(address)
	if !ok {
		return aegis.Invalid("address", fmt.Sprintf("the program would create no %q", address))
	}
	snap, err := w.inner.snapshot(ctx, w.run)
	j, err := e.cfg.newJudge(run, "", snap, err)
	if err != nil {
		return err
	}
	if err := j.allow(ctx, aegis.Plan{StackID: run.Stack.StackID}); err != nil {
		return err
	}
	done, err := w.inner.adoptInState(ctx, w.run, m, id)
	if err == nil && !done {
		err = aegis.Invalid("address", "the provider of the resource is not in the state yet: apply the project once")
	}
	return errors.Join(j.finish(ctx, err, w.inner.left(w.run)), w.state.commit(ctx))
}
