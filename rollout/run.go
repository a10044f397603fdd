package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// run is one stage at work on one change set. Stages change cs, memory and
// pending; only commits make that last.
type run struct {
	*Door

	cs      *aegis.AutonomousChangeSet
	memory  Memory
	hold    *hold
	pending Step

	committed []byte // cs and memory as the store has them
	segment   segment

	mu   sync.Mutex
	left map[string]bool // by stack: drift that stays
}

// segment is the part of a stage since the last commit; each becomes one step
// of the trace, so that their times add up.
type segment struct {
	began   time.Time
	stackID string
	engine  time.Duration
	calls   int
}

// saved is what a run returns to when its work is thrown away.
type saved struct {
	ChangeSet aegis.AutonomousChangeSet
	Memory    Memory
}

func newRun(d *Door, h *hold, c Claimed) *run {
	r := &run{Door: d, cs: &c.ChangeSet, memory: c.Memory, hold: h, segment: segment{began: d.now()}}
	r.remember()
	return r
}

// step runs the stage and commits its verdict. ctx outlives the hold; held
// ends with it.
func (r *run) step(ctx, held context.Context) error {
	from := r.cs.Phase
	work, known := stages(r.cs.Target.Kind)[from]
	if !known {
		return fmt.Errorf("no stage for phase %q", from)
	}
	held, end := r.span(held, r.cs, from)
	v, err := work(held, r)
	if err != nil && held.Err() != nil {
		end("interrupted")
		return r.interrupted(ctx, held)
	}
	retry := err != nil
	if retry {
		v = r.broken(err)
	}
	end(string(v.Kind))
	err = r.finish(ctx, v, retry)
	if instead, retry, ok := r.afterRefusal(err); ok {
		return r.finish(ctx, instead, retry)
	}
	return err
}

// interrupted leaves the change set to another worker: at once when this one
// is told to stop; through whoever took it when the hold is lost.
func (r *run) interrupted(ctx, held context.Context) error {
	if ctx.Err() != nil {
		return r.hold.resume(ctx)
	}
	return context.Cause(held)
}

// broken turns a machinery error into another try, or, when there were enough,
// into the phase's way out.
func (r *run) broken(err error) Verdict {
	r.restore()
	if errors.Is(err, aegis.ErrStateLocked) {
		return r.waitForLock(err)
	}
	r.memory.Attempts++
	reason := clip(err.Error())
	if r.memory.Attempts < r.timing.MaxAttempts {
		return wait(r.backoff(), reason)
	}
	return r.wayOut(fmt.Sprintf("gave up after %d attempts: %s", r.memory.Attempts, reason))
}

// waitForLock waits while somebody else holds the lock of a stack's state,
// however long that is: nothing was written, and cancelling still works.
func (r *run) waitForLock(err error) Verdict {
	reason := clip(err.Error())
	if id := r.segment.stackID; id != "" {
		r.setStack(StackUpdate{StackID: id, State: aegis.StackUnknown, Error: reason})
	}
	return wait(r.timing.Busy, reason)
}

func (r *run) wayOut(reason string) Verdict {
	switch r.cs.Phase {
	case aegis.PhaseCanary, aegis.PhaseApply, aegis.PhaseVerify:
		return rollback(reason)
	case aegis.PhaseRollback:
		if aBundle(r.cs) {
			return wait(r.backoff(), reason) // one row; it works as soon as the store does
		}
		return r.stuck(reason)
	case aegis.PhasePlan, aegis.PhaseGate, aegis.PhaseDone:
		return fail(reason)
	default:
		return fail(reason)
	}
}

func (r *run) backoff() time.Duration {
	const longest = 30 * time.Second
	pause := r.timing.Backoff
	for range r.memory.Attempts - 1 {
		pause = min(2*pause, longest)
	}
	return pause
}

// afterRefusal says what to do instead when the store refused a commit because
// the world had moved; retry tells a broken attempt from a decision.
func (r *run) afterRefusal(err error) (v Verdict, retry, ok bool) {
	switch {
	case errors.Is(err, aegis.ErrLeaseHeld):
		r.restore()
		return wait(r.timing.Busy, "a stack belongs to another change set"), false, true
	case errors.Is(err, aegis.ErrBudgetExceeded):
		return r.broken(err), true, true
	case errors.Is(err, aegis.ErrConflict):
		r.restore()
		if r.cs.Phase == aegis.PhasePlan || r.cs.Phase == aegis.PhaseGate {
			return replan("a newer revision was written meanwhile"), false, true
		}
		return r.broken(err), true, true
	default:
		return Verdict{}, false, false
	}
}

// finish commits the verdict.
func (r *run) finish(ctx context.Context, v Verdict, retry bool) error {
	v = r.boundReplans(v)
	from := r.cs.Phase
	to, ok := next(from, v)
	if !ok {
		return fmt.Errorf("phase %s can't end in %s", from, v.Kind)
	}
	spent := r.segment
	r.pending.Trace = r.trace(v)
	r.move(to, v, retry)
	if err := r.trip(ctx); err != nil {
		return err
	}
	r.pending.ChangeSet = *r.cs
	r.pending.Memory = r.memory
	if err := r.hold.commit(ctx, r.pending); err != nil {
		r.segment = spent
		return err
	}
	if from != to.phase {
		r.logger.InfoContext(ctx, "change set moved", "change_set_id", r.cs.ChangeSetID, "from", from, "to", to.phase,
			"promotion_state", to.state, "verdict", v.Kind, "reason", v.Reason)
	}
	return nil
}

func (r *run) boundReplans(v Verdict) Verdict {
	if v.Kind != Replan {
		return v
	}
	r.memory.Replans++
	if r.memory.Replans <= r.timing.MaxReplans {
		return v
	}
	return r.wayOut(fmt.Sprintf("planned %d times without an end: %s", r.memory.Replans, v.Reason))
}

// move writes the verdict's consequences into the change set and the pending
// step.
func (r *run) move(to place, v Verdict, retry bool) {
	now := r.now()
	changed := to.phase != r.cs.Phase
	r.cs.UpdatedAt = now
	if v.Kind == Wait {
		r.memory.WaitFrom = &now
	} else {
		r.memory.WaitFrom = nil
	}
	if !retry || changed {
		r.memory.Attempts = 0
	}
	if changed {
		r.cs.SoakUntil = nil
		r.memory.Looks = 0
	}
	switch v.Kind {
	case Deny, Fail, Cancel:
		r.cs.Error = v.Reason
	case Rollback:
		r.cs.Error = v.Reason
		r.memory.Reason = v.Reason
		r.endCanary("failed", v.Reason)
	case Go, Wait, Replan, Promote:
	}
	r.cs.Phase, r.cs.PromotionState = to.phase, to.state
	if to.phase == aegis.PhaseDone {
		end(&r.pending, r.cs)
		return
	}
	delay := v.Delay
	r.pending.Next = &delay
	if changed {
		r.pending.Events = append(r.pending.Events, event(r.cs, "change_set."+string(to.phase), nil))
	}
}

// end adds what every end of a change set brings.
func end(step *Step, cs *aegis.AutonomousChangeSet) {
	step.Disown = true
	step.Next = nil
	step.Trace.Outcome = string(cs.PromotionState)
	step.SettleGoal = cs.GoalID != ""
	if step.Settlement.Kind == SettleNone {
		step.Settlement = settlement(cs)
	}
	step.Events = append(step.Events, event(cs, "change_set."+string(cs.PromotionState), nil))
}

// settlement is what an end does to the budget. A failed change may have left
// resources behind, so that what it would have cost counts as spent.
func settlement(cs *aegis.AutonomousChangeSet) Settlement {
	switch {
	case cs.PromotionState == aegis.StatePromoted:
		return Settlement{Kind: SettleSpend, USD: cs.CostDeltaUSDMonth}
	case cs.PromotionState == aegis.StateFailed && len(touched(cs)) > 0:
		return Settlement{Kind: SettleSpend, USD: max(0, cs.CostDeltaUSDMonth)}
	default:
		return Settlement{Kind: SettleRelease}
	}
}

// checkpoint commits what the stage did so far and goes on.
func (r *run) checkpoint(ctx context.Context) error {
	r.cs.UpdatedAt = r.now()
	r.pending.Keep = true
	r.pending.ChangeSet = *r.cs
	r.pending.Memory = r.memory
	if err := r.hold.commit(ctx, r.pending); err != nil {
		return err
	}
	r.pending = Step{}
	r.remember()
	return nil
}

// trace is the segment that ends now.
func (r *run) trace(v Verdict) aegis.TaskTrace {
	now := r.now()
	began, waited := r.segment.began, time.Duration(0)
	if r.memory.WaitFrom != nil {
		waited = max(0, began.Sub(*r.memory.WaitFrom))
		began = *r.memory.WaitFrom
		r.memory.WaitFrom = nil
	}
	step := aegis.TraceStep{
		Name: string(r.cs.Phase), StackID: r.segment.stackID, Verdict: string(v.Kind), Message: v.Reason,
		StartedAt: began, DurationMS: now.Sub(began).Milliseconds(),
		EngineMS: r.segment.engine.Milliseconds(), WaitMS: waited.Milliseconds(),
	}
	t := aegis.TaskTrace{
		TraceID: r.cs.TraceID, GoalID: r.cs.GoalID, ChangeSetID: r.cs.ChangeSetID,
		Steps: []aegis.TraceStep{step}, ToolCalls: r.segment.calls, LatencyMS: step.DurationMS,
	}
	r.segment = segment{began: now}
	return t
}

// timed counts f as time spent in an engine.
func (r *run) timed(calls int, f func() error) error {
	began := r.now()
	err := f()
	r.segment.engine += r.now().Sub(began)
	r.segment.calls += calls
	return err
}

func (r *run) remember() {
	r.committed, _ = json.Marshal(saved{*r.cs, r.memory}) // plain values always marshal
}

func (r *run) restore() {
	var s saved
	_ = json.Unmarshal(r.committed, &s) // its own JSON
	*r.cs, r.memory, r.pending = s.ChangeSet, s.Memory, Step{}
}

// event is one event of a change set, with a summary of where it stands.
func event(cs *aegis.AutonomousChangeSet, kind string, progress *aegis.StackProgress) aegis.Event {
	data, _ := json.Marshal(struct { // plain values always marshal
		ChangeSetID    string               `json:"change_set_id"`
		Source         aegis.Source         `json:"source"`
		Actor          string               `json:"actor"`
		Summary        string               `json:"summary"`
		StackIDs       []string             `json:"stack_ids"`
		Phase          aegis.Phase          `json:"phase"`
		PromotionState aegis.PromotionState `json:"promotion_state"`
		Denials        []aegis.RuleResult   `json:"denials,omitempty"`
		Error          string               `json:"error,omitempty"`
		Stack          *aegis.StackProgress `json:"stack,omitempty"`
	}{
		cs.ChangeSetID, cs.Source, cs.Actor, cs.Summary, append([]string{}, cs.Target.StackIDs...), cs.Phase, cs.PromotionState, cs.Denials,
		cs.Error, progress,
	})
	return aegis.Event{Kind: "change_set", ID: cs.ChangeSetID, GoalID: cs.GoalID, Type: kind, Data: data}
}

// stackEvent says that a stack's state changed.
func stackEvent(stackID string, state aegis.StackState, reason string) aegis.Event {
	data, _ := json.Marshal(struct { // plain values always marshal
		StackID string           `json:"stack_id"`
		State   aegis.StackState `json:"state"`
		Error   string           `json:"error,omitempty"`
	}{stackID, state, reason})
	return aegis.Event{Kind: "stack", ID: stackID, Type: "stack." + string(state), Data: data}
}

// clip keeps a message to a length that fits a page.
func clip(message string) string {
	const longest = 2000
	if len(message) <= longest {
		return message
	}
	return message[:longest] + "…"
}
