package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"github.com/aegisworld/aegis"
)

const (
	// dyingTries is how often an owner of a lock is looked for that is about to
	// end, as a killed engine is for a moment; dyingPause is the time between.
	dyingTries = 10
	dyingPause = 300 * time.Millisecond
)

// repair heals, in this order, an orphaned lock, torn attributes, a corrupt state, begun
// creations, and creations whose beginning was not written down. A caller without a lease may not: see Engines.Repair.
func (p *pulumiEngine) repair(ctx context.Context, run aegis.StackRun) ([]string, error) {
	var healed []string
	unlocked, err := p.unlockPatiently(ctx, run)
	if err != nil {
		return nil, err
	}
	if unlocked {
		healed = append(healed, "orphaned lock removed")
	}
	torn, err := p.dropTorn(run)
	if err != nil {
		return healed, err
	}
	if torn > 0 {
		healed = append(healed, fmt.Sprintf("half-written attributes of %d state files removed", torn))
	}
	key, data, err := p.readState(ctx, run)
	if errors.Is(err, aegis.ErrNotFound) {
		return healed, nil
	}
	var c checkpoint
	var d deployment
	if err == nil {
		c, d, err = parse(data)
	}
	if errors.Is(err, aegis.ErrStateCorrupt) {
		var what string
		if c, d, what, err = p.restoreNewest(ctx, run, err); err == nil {
			healed = append(healed, what)
		}
	}
	if err != nil {
		return healed, err
	}
	more, err := p.settlePending(ctx, run, key, c, d)
	healed = append(healed, more...)
	if err != nil {
		return healed, err
	}
	more, err = p.settleInterrupted(ctx, run)
	return append(healed, more...), err
}

// dropTorn removes the attributes that a killed engine left half-written beside the
// backend's description, and the stack's state, locks and history.
func (p *pulumiEngine) dropTorn(run aegis.StackRun) (torn int, err error) {
	files, ok := p.cfg.States.(besides)
	if !ok {
		return 0, nil
	}
	stack := p.cfg.Project + "/" + p.name(run)
	for _, prefix := range []string{
		".pulumi/meta.yaml", ".pulumi/stacks/" + stack + ".json", lockKeys(p.cfg.Project, p.name(run)), ".pulumi/history/" + stack + "/",
	} {
		n, err := files.dropTorn(prefix)
		if err != nil {
			return torn, fmt.Errorf("remove half-written attributes: %w", err)
		}
		torn += n
	}
	return torn, nil
}

func (p *pulumiEngine) unlockPatiently(ctx context.Context, run aegis.StackRun) (unlocked bool, err error) {
	for range dyingTries {
		if unlocked, err = p.unlock(ctx, run); !errors.Is(err, aegis.ErrLeaseHeld) {
			return unlocked, err
		}
		select {
		case <-time.After(dyingPause):
		case <-ctx.Done():
			return false, fmt.Errorf("wait for the owner of a lock: %w", ctx.Err())
		}
	}
	return unlocked, err
}

// unlock removes the stack's locks. Who holds the lease knows that no live
// process of ours can own one; without a lease each lock's owner must be a
// process of this machine that has ended.
func (p *pulumiEngine) unlock(ctx context.Context, run aegis.StackRun) (bool, error) {
	if p.cfg.States == nil {
		return p.cancelLock(ctx, run)
	}
	locks, err := p.cfg.States.ListState(ctx, lockKeys(p.cfg.Project, p.name(run)))
	if err != nil {
		return false, fmt.Errorf("list locks: %w", err)
	}
	if run.FencingToken == 0 && slices.ContainsFunc(locks, func(key string) bool { return !p.abandoned(ctx, key) }) {
		return false, fmt.Errorf("the state is locked and nothing proves the owner dead: %w", aegis.ErrLeaseHeld)
	}
	for _, key := range locks {
		if err := p.cfg.States.DeleteState(ctx, key); err != nil {
			return false, fmt.Errorf("remove lock: %w", err)
		}
	}
	return len(locks) > 0, nil
}

// restoreNewest replaces a corrupt state by the newest snapshot that is sound.
func (p *pulumiEngine) restoreNewest(
	ctx context.Context, run aegis.StackRun, corrupt error,
) (c checkpoint, d deployment, what string, err error) {
	snaps, err := p.cfg.snapshots().newest(ctx, run.Stack.StackID, snapshotsKept)
	if err != nil {
		return c, d, "", err
	}
	snap, ok := sound(snaps, func(data []byte) error {
		_, _, err := parse(data)
		return err
	})
	if !ok {
		return c, d, "", fmt.Errorf("no sound snapshot: %w", corrupt)
	}
	if err := p.writeState(ctx, run, "", snap.Data); err != nil {
		return c, d, "", err
	}
	c, d, err = parse(snap.Data)
	return c, d, restored(corrupt, snap), err
}

// restored says what was healed, and why.
func restored(corrupt error, snap Snapshot) string {
	return fmt.Sprintf("%s; restored the snapshot of %s", corrupt, snap.TakenAt.Format(time.RFC3339))
}

// settlePending looks up what crashed runs had begun to create. What exists is
// imported by the next run, through the state; what does not is forgotten, and
// the next run creates it.
func (p *pulumiEngine) settlePending(
	ctx context.Context, run aegis.StackRun, key string, c checkpoint, d deployment,
) ([]string, error) {
	if len(d.PendingOperations) == 0 {
		return nil, nil
	}
	var healed []string
	for _, op := range d.PendingOperations {
		what, err := p.settleOne(ctx, run, &d, op)
		if err != nil {
			return nil, err
		}
		healed = append(healed, what)
	}
	d.PendingOperations = nil
	return healed, p.writeDeployment(ctx, run, key, c, d)
}

// settleCancelled looks up the creations that a cancelled run let go of: the
// provider stops waiting, and the cloud may have created all the same.
func (p *pulumiEngine) settleCancelled(ctx context.Context, run aegis.StackRun, rec *recording) error {
	key, data, err := p.readState(ctx, run)
	if err != nil {
		return err
	}
	c, d, err := parse(data)
	if err != nil {
		return err
	}
	known := len(d.Resources)
	if _, err := p.settleSteps(ctx, run, &d, rec.failed); err != nil || len(d.Resources) == known {
		return err
	}
	return p.writeDeployment(ctx, run, key, c, d)
}

// settleInterrupted looks for what the last apply was to create, where it never
// came to its end: Pulumi writes down what it begins beside beginning it, so a
// crash may come between. What the resources are, only the program knows.
func (p *pulumiEngine) settleInterrupted(ctx context.Context, run aegis.StackRun) ([]string, error) {
	snaps, err := p.cfg.snapshots().newest(ctx, run.Stack.StackID, 1)
	if err != nil || len(snaps) == 0 || snaps[0].Finished {
		return nil, err
	}
	key, data, err := p.readState(ctx, run)
	if err != nil {
		return nil, err
	}
	c, d, err := parse(data)
	if err != nil {
		return nil, err
	}
	var healed []string
	if lost := d.lacks(snaps[0].Plan); len(lost) > 0 {
		rec, err := p.recordPreview(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("plan what an interrupted apply was to create: %w", err)
		}
		if healed, err = p.settleSteps(ctx, run, &d, rec.creations(lost)); err != nil {
			return nil, err
		}
	}
	if len(healed) > 0 {
		if err := p.writeDeployment(ctx, run, key, c, d); err != nil {
			return nil, err
		}
	}
	snaps[0].Finished = true
	return healed, p.cfg.snapshots().save(ctx, snaps[0])
}

// lacks are the addresses that the plan creates and the state does not have.
func (d deployment) lacks(plan aegis.Plan) map[string]bool {
	lost := map[string]bool{}
	for _, c := range plan.Changes {
		if c.Action == aegis.ActionCreate {
			lost[c.Address] = true
		}
	}
	for _, r := range d.Resources {
		delete(lost, addressOf(string(r.URN)))
	}
	return lost
}

// creations are the planned steps that create what is at the addresses.
func (r *recording) creations(addresses map[string]bool) []apitype.StepEventMetadata {
	r.mu.Lock()
	defer r.mu.Unlock()
	var steps []apitype.StepEventMetadata
	for urn, m := range r.planned {
		if addresses[addressOf(urn)] {
			steps = append(steps, m)
		}
	}
	slices.SortFunc(steps, func(a, b apitype.StepEventMetadata) int { return strings.Compare(a.URN, b.URN) })
	return steps
}

// settleSteps looks up what steps were to create, puts what exists into the
// deployment, and says so.
func (p *pulumiEngine) settleSteps(
	ctx context.Context, run aegis.StackRun, d *deployment, steps []apitype.StepEventMetadata,
) ([]string, error) {
	var healed []string
	for _, m := range steps {
		if actionOf(m.Op) != aegis.ActionCreate || m.New == nil || !managed(m) {
			continue
		}
		op := apitype.OperationV2{Type: apitype.OperationTypeCreating, Resource: stepResource(m)}
		if !d.carries(op.Resource) {
			continue
		}
		known := len(d.Resources)
		what, err := p.settleOne(ctx, run, d, op)
		if err != nil {
			return nil, err
		}
		if len(d.Resources) > known {
			healed = append(healed, what)
		}
	}
	return healed, nil
}

// withoutSecrets leaves out what an event shows masked only; a read fills it.
func withoutSecrets(in map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range in {
		if m, ok := v.(map[string]any); !ok || m[sig.Key] == nil {
			out[k] = v
		}
	}
	return out
}

func (p *pulumiEngine) writeDeployment(ctx context.Context, run aegis.StackRun, key string, c checkpoint, d deployment) error {
	if err := d.check(); err != nil {
		return err
	}
	var err error
	if c.Checkpoint.Latest, err = withDeployment(c.Checkpoint.Latest, d); err != nil {
		return err
	}
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	return p.writeState(ctx, run, key, data)
}

func (p *pulumiEngine) settleOne(
	ctx context.Context, run aegis.StackRun, d *deployment, op apitype.OperationV2,
) (string, error) {
	r := op.Resource
	address := addressOf(string(r.URN))
	if op.Type != apitype.OperationTypeCreating {
		return fmt.Sprintf("interrupted %s of %s forgotten; the next run reads it again", op.Type, address), nil
	}
	n := normaliser{tfType: terraformType(string(r.Type))}
	id, found, err := p.cfg.Find(ctx, aegis.Lookup{
		StackID: run.Stack.StackID, Address: address, Type: n.tfType, Region: run.Stack.Region, Inputs: n.object(r.Inputs),
	})
	if err != nil {
		return "", fmt.Errorf("look up %s after a crash: %w", address, err)
	}
	if !found {
		return fmt.Sprintf("interrupted creation of %s had no effect", address), nil
	}
	d.adopt(r, id)
	return fmt.Sprintf("adopted %s %s after a crash", n.tfType, id), nil
}

// withDeployment puts resources and pending operations into the raw state.
func withDeployment(raw json.RawMessage, d deployment) (json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	var err error
	if m["resources"], err = json.Marshal(d.Resources); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	delete(m, "pending_operations")
	return json.Marshal(m)
}

// carries says that what the resource hangs on is there. Where it is not, the
// resource was never begun.
func (d deployment) carries(r apitype.ResourceV3) bool {
	urns := map[string]bool{"": true}
	for _, have := range d.Resources {
		urns[string(have.URN)] = true
	}
	provider := r.Provider[:max(strings.LastIndex(r.Provider, "::"), 0)] // it ends in ::<id>
	return urns[string(r.Parent)] && urns[provider]
}

// adopt puts a found resource into the state, to be read before anything is
// compared with it.
func (d *deployment) adopt(r apitype.ResourceV3, id string) {
	if slices.ContainsFunc(d.Resources, func(x apitype.ResourceV3) bool { return x.URN == r.URN && !x.Delete }) {
		return // one that is to be replaced is still there: the next plan sorts it out
	}
	r.ID, r.RefreshBeforeUpdate = resource.ID(id), true
	d.Resources = append(d.Resources, r)
}
