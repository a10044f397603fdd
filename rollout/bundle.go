package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
)

// bundleLease is what a change of the policy bundle owns, as others own
// stacks; no stack's id has an underscore.
const bundleLease = "policy_bundle"

// bundles knows policy bundles.
type bundles interface {
	// Assess reads a candidate, verifies its signature, compiles and tests it,
	// compares it with the bundle base and replays recorded decisions.
	// aegis.ErrInvalid says why it can't run.
	Assess(ctx context.Context, digest, base string) (aegis.PolicyAssessment, error)
	// Faults counts what the bundle of that revision was asked since then,
	// beside the running one with shadow, and as the running one without.
	Faults(ctx context.Context, revision string, shadow bool, since time.Time) (aegis.PolicyFaults, error)
}

// policyState reads which bundle runs.
type policyState interface {
	RunningPolicy(ctx context.Context) (aegis.RunningPolicy, error)
}

// PolicyUpdate changes which bundles run.
type PolicyUpdate struct {
	// Was is the digest that must decide until now, else ErrConflict.
	Was string
	// Next runs from the commit on; the store gives its Generation.
	Next aegis.RunningPolicy
}

// bundleStages is the pipeline of a policy bundle.
func bundleStages() map[aegis.Phase]stage {
	return map[aegis.Phase]stage{
		aegis.PhasePlan:     planBundle,
		aegis.PhaseGate:     judgeBundle,
		aegis.PhaseCanary:   shadowBundle,
		aegis.PhaseApply:    activateBundle,
		aegis.PhaseVerify:   verifyBundle,
		aegis.PhaseRollback: undoBundle,
	}
}

// ProposeBundle puts a policy bundle into the pipeline. Only operators and
// admins may: whatever agents are granted, they can't change the rules that
// bind them. ErrForbidden says so.
func (d *Door) ProposeBundle(ctx context.Context, by aegis.Principal, p aegis.BundleProposal) (aegis.AutonomousChangeSet, error) {
	if !by.Role.MayOperate() {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("propose a policy bundle as %s: %w", by.Role, aegis.ErrForbidden)
	}
	if p.Source != aegis.SourceOperator && p.Source != aegis.SourceReconcile {
		return aegis.AutonomousChangeSet{}, aegis.Invalid("source", fmt.Sprintf("%q can't propose a policy bundle", p.Source))
	}
	return d.insertBundle(ctx, aegis.AutonomousChangeSet{
		Source: p.Source, Actor: by.Name, Summary: p.Summary,
		Policy: &aegis.PolicyChange{Digest: p.Digest, ComposedOn: p.ComposedOn},
	})
}

func (d *Door) insertBundle(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	faults := &aegis.InvalidError{}
	if cs.Actor == "" {
		faults.Add("actor", "must name who proposes it")
	}
	if len(cs.Summary) > longestSummary {
		faults.Add("summary", fmt.Sprintf("must have at most %d bytes", longestSummary))
	}
	if cs.Policy.Digest == "" {
		faults.Add("policy.digest", "must name a bundle")
	}
	if err := faults.OrNil(); err != nil {
		return aegis.AutonomousChangeSet{}, err
	}
	running, err := d.store.RunningPolicy(ctx)
	if err != nil {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("read the running policy: %w", err)
	}
	cs.Policy.Base = running.Digest
	cs.Target = aegis.Target{Kind: aegis.TargetPolicyBundle, StackIDs: []string{}, Regions: []string{}}
	return d.insert(ctx, cs)
}

// RollbackBundle proposes the bundle that ran before the running one.
// ErrConflict says that there is none.
func (d *Door) RollbackBundle(ctx context.Context, by aegis.Principal) (aegis.AutonomousChangeSet, error) {
	if !by.Role.MayOperate() {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("roll the policy bundle back as %s: %w", by.Role, aegis.ErrForbidden)
	}
	running, err := d.store.RunningPolicy(ctx)
	if err != nil {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("read the running policy: %w", err)
	}
	shipped, err := d.shippedBy(ctx, running.ChangeSetID)
	if err != nil {
		return aegis.AutonomousChangeSet{}, err
	}
	return d.restore(ctx, &shipped, by.Name)
}

// shippedBy is the change set that first brought the bundle which from brought
// or, being a rollback, brought back. So rolling back goes one further each
// time.
func (d *Door) shippedBy(ctx context.Context, from string) (aegis.AutonomousChangeSet, error) {
	for from != "" {
		cs, err := d.store.ChangeSet(ctx, from)
		if err != nil {
			return cs, fmt.Errorf("read change set %s: %w", from, err)
		}
		if cs.RollbackOf == "" {
			return cs, nil
		}
		memory, err := d.store.Memory(ctx, cs.RollbackOf)
		if err != nil {
			return cs, fmt.Errorf("read change set %s: %w", cs.RollbackOf, err)
		}
		from = memory.BundleBase
	}
	return aegis.AutonomousChangeSet{}, fmt.Errorf("no policy bundle ran before the embedded one: %w", aegis.ErrConflict)
}

// undoneBundle proposes to undo a finished change of the policy bundle, which
// must still be what runs.
func (d *Door) undoneBundle(ctx context.Context, cs *aegis.AutonomousChangeSet, actor string) (aegis.AutonomousChangeSet, error) {
	running, err := d.store.RunningPolicy(ctx)
	if err != nil {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("read the running policy: %w", err)
	}
	if running.ChangeSetID != cs.ChangeSetID {
		return aegis.AutonomousChangeSet{}, fmt.Errorf("the bundle of change set %s (%s) does not run: %w",
			cs.ChangeSetID, cs.PromotionState, aegis.ErrConflict)
	}
	return d.restore(ctx, cs, actor)
}

// restore proposes the bundle that ran before that change set.
func (d *Door) restore(ctx context.Context, from *aegis.AutonomousChangeSet, actor string) (aegis.AutonomousChangeSet, error) {
	return d.insertBundle(ctx, undone(from, actor))
}

// undone is the change set that brings back what ran before another.
func undone(from *aegis.AutonomousChangeSet, actor string) aegis.AutonomousChangeSet {
	return aegis.AutonomousChangeSet{
		Source: aegis.SourceRollback, Actor: actor, Summary: "Roll the policy bundle back to " + short(from.Policy.Base),
		RollbackOf: from.ChangeSetID, Policy: &aegis.PolicyChange{Digest: from.Policy.Base},
	}
}

// short is as much of a digest as people compare.
func short(digest string) string { return digest[:min(len(digest), 12)] }

// aBundle says that the change set is about the policy bundle.
func aBundle(cs *aegis.AutonomousChangeSet) bool { return cs.Target.Kind == aegis.TargetPolicyBundle }

// runningPolicy reads what runs.
func (r *run) runningPolicy(ctx context.Context) (aegis.RunningPolicy, error) {
	running, err := r.store.RunningPolicy(ctx)
	if err != nil {
		return running, fmt.Errorf("read the running policy: %w", err)
	}
	if r.cs.Policy == nil {
		return running, errors.New("a change of the policy bundle names no bundle")
	}
	return running, nil
}

// setPolicy adds a change of what runs to the next commit.
func (r *run) setPolicy(was string, next aegis.RunningPolicy) {
	r.pending.Policy = &PolicyUpdate{Was: was, Next: next}
	r.pending.Events = append(r.pending.Events, event(r.cs, "policy.running", nil))
}
