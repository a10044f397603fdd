package rollout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// longestSoak is the longest soak that is believed; a longer one is a mistake
// in a policy.
const longestSoak = 24 * time.Hour

// judge asks the gate about the difference and its inverse, records the
// decision, reserves the money and takes the stacks, all in one commit.
// Whatever is odd denies.
func judge(ctx context.Context, r *run) (Verdict, error) {
	busy, err := r.busy(ctx)
	if err != nil || busy != nil {
		return orWait(busy, err)
	}
	wants, moved, err := r.stillBased(ctx)
	if err != nil {
		return refused(err)
	}
	if moved != "" {
		return replan(moved), nil
	}
	input, err := r.gateInput(ctx, wants)
	if err != nil {
		return Verdict{}, err
	}
	result, err := r.decide(ctx, input)
	if err != nil {
		return Verdict{}, err
	}
	r.cs.Denials, r.cs.Warnings = result.Deny, result.Warn
	r.cs.ExecutionPolicy = &result.ExecutionPolicy
	if !result.Allowed() {
		return deny(reasons(result.Deny)), nil
	}
	r.pending.Reserve = r.reservations()
	r.pending.Own = r.cs.Target.StackIDs
	return r.admitted(result), nil
}

// admitted chooses where an allowed change set goes on.
func (r *run) admitted(result aegis.GateResult) Verdict {
	v := proceed()
	v.Next = aegis.PhaseApply
	if result.ExecutionPolicy.RollbackPolicy.Canary && r.memory.CanaryStack != "" && r.cs.Source != aegis.SourceBootstrap {
		v.Next = aegis.PhaseCanary
	}
	return v
}

// stillBased rebuilds what was planned, and says when a newer revision has
// been written since.
func (r *run) stillBased(ctx context.Context) (wants []desired, moved string, err error) {
	for _, id := range r.cs.Target.StackIDs {
		w, err := r.planned(ctx, r.cs, id)
		if err != nil {
			return nil, "", err
		}
		if w.stack.Observed() {
			return nil, "", aegis.Invalid("target.stack_ids", observed(w.stack))
		}
		newest, err := r.base(ctx, w.stack, 0)
		if err != nil {
			return nil, "", err
		}
		if newest.Revision != w.base.Revision {
			return nil, fmt.Sprintf("stack %s moved from revision %d to %d", id, w.base.Revision, newest.Revision), nil
		}
		wants = append(wants, w)
	}
	return wants, "", nil
}

// gateInput is the document that policy judges.
func (r *run) gateInput(ctx context.Context, wants []desired) (aegis.GateInput, error) {
	cs := r.cs
	budget, err := r.gateBudget(ctx)
	if err != nil {
		return aegis.GateInput{}, err
	}
	breakers, err := r.openBreakers(ctx)
	if err != nil {
		return aegis.GateInput{}, err
	}
	history, err := r.store.History(ctx, cs.Target.StackIDs, r.now().Add(-historyWindow))
	if err != nil {
		return aegis.GateInput{}, fmt.Errorf("read history: %w", err)
	}
	input := aegis.GateInput{
		ChangeSet: aegis.GateChangeSet{
			ChangeSetID: cs.ChangeSetID, GoalID: cs.GoalID, Target: cs.Target, Patches: filled(cs.Patches),
			RiskScore: cs.RiskScore, RiskFactors: filled(cs.RiskFactors), RiskTolerance: tolerance(cs), Constraints: filled(cs.Constraints),
			CostDeltaUSDMonth: cs.CostDeltaUSDMonth, CostUnknown: filled(cs.CostUnknown),
			Irreversible: filled(cs.Irreversible), RollbackOf: cs.RollbackOf,
		},
		Diff: filled(cs.Diff), Inverse: filled(cs.InverseDiff),
		Stacks: make(map[string]aegis.Stack, len(wants)), Specs: make(map[string]aegis.Spec, len(wants)),
		Source: cs.Source, Actor: cs.Actor, Drift: emptyJSON(), Budget: budget, Regions: filled(r.regions),
		Breakers: filled(breakers), History: history, Now: r.now().UTC(),
	}
	for _, w := range wants {
		input.Stacks[w.stack.StackID] = w.stack
		input.Specs[w.stack.StackID] = w.spec
	}
	return input, nil
}

// filled is the list itself, or an empty one for nil: policies see [] and
// never null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// decide asks policy, adds what the door itself forbids, and leaves the record
// of it in the pending step. What is tried beside the running bundle is
// recorded as the running one says.
func (r *run) decide(ctx context.Context, input aegis.GateInput) (aegis.GateResult, error) {
	running, beside := r.gates.Pin()
	decided, record, err := r.judgedBy(ctx, running, input)
	if err != nil {
		return aegis.GateResult{}, err
	}
	decision, err := r.recorded(ctx, input, decided, record)
	if err != nil {
		return aegis.GateResult{}, err
	}
	r.cs.DecisionID = decision.DecisionID
	r.pending.Decision = &decision
	if beside == nil {
		return decided.result, nil
	}
	tried, _, err := r.judgedBy(ctx, beside, input)
	if err != nil {
		return aegis.GateResult{}, err
	}
	shadow, err := r.recorded(ctx, input, tried, record)
	if err != nil {
		return aegis.GateResult{}, err
	}
	shadow.Shadow = true
	r.pending.Shadow = &shadow
	return decided.result, nil
}

// recorder makes of a result what may be stored.
type recorder = func(context.Context, aegis.GateResult) (aegis.DecisionRecord, error)

// judgement is what one bundle and the door itself decided, and when.
type judgement struct {
	result aegis.GateResult
	began  time.Time
	took   time.Duration
}

func (r *run) judgedBy(ctx context.Context, by Judge, input aegis.GateInput) (judgement, recorder, error) {
	began := r.now()
	result, record := by.Judge(ctx, input)
	took := r.now().Sub(began)
	if err := ctx.Err(); err != nil {
		return judgement{}, nil, fmt.Errorf("decide: %w", err)
	}
	result.Deny = append(filled(result.Deny), odd(result)...)
	result.Deny = append(result.Deny, unsaid(result.Deny, r.forbidden(input, result.ExecutionPolicy))...)
	harden(&result)
	return judgement{result, began, took}, record, nil
}

// recorded is the record of a judgement.
func (r *run) recorded(ctx context.Context, input aegis.GateInput, j judgement, record recorder) (aegis.Decision, error) {
	kept, err := record(ctx, j.result)
	if err != nil {
		return aegis.Decision{}, fmt.Errorf("record the decision: %w", err)
	}
	sum := sha256.Sum256(kept.Input)
	path := "aegis/gate"
	if input.Policy != nil {
		path = "aegis/meta"
	}
	return aegis.Decision{
		DecisionID: aegis.NewID(aegis.DecisionPrefix, j.began), ChangeSetID: r.cs.ChangeSetID, StackIDs: r.cs.Target.StackIDs,
		BundleRevision: j.result.BundleRevision, Path: path, Input: kept.Input, InputDigest: hex.EncodeToString(sum[:]),
		Result: kept.Result, Allowed: j.result.Allowed(), Outcome: j.result.Outcome(), Masked: kept.Masked, Erased: kept.Erased,
		Metrics:   map[string]int64{"timer_server_handler_ns": j.took.Nanoseconds()},
		LatencyUS: j.took.Microseconds(), DecidedAt: j.began,
	}, nil
}

// unsaid leaves out the denials whose rule policy named already.
func unsaid(said, more []aegis.RuleResult) []aegis.RuleResult {
	return slices.DeleteFunc(more, func(r aegis.RuleResult) bool {
		return slices.ContainsFunc(said, func(s aegis.RuleResult) bool { return s.Code == r.Code })
	})
}

// odd denies results that no sound policy gives.
func odd(result aegis.GateResult) []aegis.RuleResult {
	var out []aegis.RuleResult
	refuse := func(code, msg string) { out = append(out, aegis.RuleResult{Code: code, Msg: msg}) }
	if result.Deny == nil {
		refuse("policy_undefined", "the gate gave no answer")
	}
	for _, soak := range []int{result.Require.SoakSeconds, result.ExecutionPolicy.RollbackPolicy.SoakSeconds} {
		if soak < 0 || soak > int(longestSoak.Seconds()) {
			refuse("policy_invalid", fmt.Sprintf("a soak of %d s is out of range", soak))
		}
	}
	if result.Require.Simulate {
		refuse("simulation_unavailable", "policy requires a simulation, which is not offered")
	}
	return out
}

// harden writes the requirements into the execution policy, the stricter of
// both.
func harden(result *aegis.GateResult) {
	p := &result.ExecutionPolicy.RollbackPolicy
	p.Canary = p.Canary || result.Require.Canary
	p.SoakSeconds = max(p.SoakSeconds, result.Require.SoakSeconds)
}

func reasons(denials []aegis.RuleResult) string {
	parts := make([]string, len(denials))
	for i, d := range denials {
		parts[i] = d.String()
	}
	return clip(strings.Join(parts, "; "))
}

func tolerance(cs *aegis.AutonomousChangeSet) aegis.RiskTolerance {
	if cs.RiskTolerance == "" {
		return aegis.RiskHigh
	}
	return cs.RiskTolerance
}
