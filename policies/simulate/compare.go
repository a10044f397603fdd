package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

// Codes of faults that no policy makes.
const (
	codeBadRecord  = "bad_record"
	codeNotFound   = "not_found"
	codeNotPlanned = "not_planned"
)

// outcome is one case, judged by both sides.
type outcome struct {
	Case

	before, after aegis.GateResult
	// resources are those of the diff by address, where the sides differ.
	resources map[string][]resource
	faults    []aegis.SimulationFault
	// judged is false when there was nothing to judge.
	judged bool
}

// resource is as much of a change as a report needs.
type resource struct {
	StackID string `json:"stack_id"`
	Address string `json:"address"`
	Type    string `json:"type"`
}

// compare judges one case. What it returns after the end of ctx is of no use.
func (o Options) compare(ctx context.Context, c Case) outcome {
	out := outcome{Case: c}
	out.Input = nil // the bulk of it; the outcome may wait for others
	if c.Fault != nil {
		out.faults = []aegis.SimulationFault{*c.Fault}
		return out
	}
	if err := o.judge(ctx, c, &out); err != nil {
		out.faults = append(out.faults, *c.fault(codeBadRecord, err.Error()))
		return out
	}
	out.judged = true
	for _, d := range out.after.Deny {
		if unanswered(d.Code) {
			out.faults = append(out.faults, *c.fault(d.Code, d.Msg))
		}
	}
	if out.differs() || c.Summary != "" {
		out.resources = resources(c.Input)
	}
	return out
}

func (o Options) judge(ctx context.Context, c Case, out *outcome) (err error) {
	if out.after, err = o.Candidate.Replay(ctx, c.Input); err != nil {
		return err
	}
	if c.Recorded != nil {
		out.before = *c.Recorded
		if out.before.Allowed() && sameTerms(out.before, out.after) {
			return nil // the door forbids nothing: it did not, and its reasons are the same
		}
		return o.forbid(c.Input, &out.after)
	}
	if out.before, err = o.Running.Replay(ctx, c.Input); err != nil {
		return err
	}
	return o.forbid(c.Input, &out.before, &out.after)
}

// forbid adds what the door denies beside policy.
func (o Options) forbid(document json.RawMessage, results ...*aegis.GateResult) error {
	if o.Forbidden == nil {
		return nil
	}
	var input aegis.GateInput
	if err := json.Unmarshal(document, &input); err != nil {
		return fmt.Errorf("decode the recorded input: %w", err)
	}
	for _, r := range results {
		said := r.Deny
		for _, more := range o.Forbidden(input, *r) {
			if !slices.ContainsFunc(said, func(s aegis.RuleResult) bool { return s.Code == more.Code }) {
				r.Deny = append(r.Deny, more)
			}
		}
	}
	return nil
}

// unanswered are the codes with which the gate denies for want of an answer.
func unanswered(code string) bool {
	switch code {
	case policies.CodeError, policies.CodeTimeout, policies.CodeUndefined, policies.CodeMissing:
		return true
	default:
		return false
	}
}

// differs says that the sides name other rules or terms.
func (o outcome) differs() bool {
	return o.flipped() || len(fresh(o.before.Deny, o.after.Deny)) > 0 || len(fresh(o.after.Deny, o.before.Deny)) > 0 ||
		len(fresh(o.before.Warn, o.after.Warn)) > 0 || o.before.Allowed() && !sameTerms(o.before, o.after)
}

func (o outcome) flipped() bool { return o.before.Allowed() != o.after.Allowed() }

// fresh lists the codes, sorted, that after names and before does not.
func fresh(before, after []aegis.RuleResult) []string {
	return slices.DeleteFunc(codes(after), func(code string) bool {
		return slices.ContainsFunc(before, func(r aegis.RuleResult) bool { return r.Code == code })
	})
}

// codes are the distinct codes of rules, sorted.
func codes(rules []aegis.RuleResult) []string {
	list := make([]string, len(rules))
	for i, r := range rules {
		list[i] = r.Code
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// terms are the requirements as the door hardens them.
func terms(r aegis.GateResult) aegis.Requirements {
	t, p := r.Require, r.ExecutionPolicy.RollbackPolicy
	t.Canary = t.Canary || p.Canary
	t.SoakSeconds = max(t.SoakSeconds, p.SoakSeconds)
	return t
}

// sameTerms compares what is required and granted. A recorded policy has its
// terms hardened already, so that these are compared as terms.
func sameTerms(a, b aegis.GateResult) bool { return terms(a) == terms(b) && sameGrant(a, b) }

func sameGrant(a, b aegis.GateResult) bool {
	return reflect.DeepEqual(grant(a), grant(b))
}

// grant is the execution policy without what terms compare, empty lists as nil.
func grant(r aegis.GateResult) aegis.ExecutionPolicy {
	p := r.ExecutionPolicy
	p.RollbackPolicy.Canary, p.RollbackPolicy.SoakSeconds = false, 0
	for _, list := range []*[]string{&p.NetworkScope.Regions, &p.NetworkScope.Services, &p.NetworkScope.Hosts, &p.DataScope.StackIDs} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(p.ToolAllowances) == 0 {
		p.ToolAllowances = nil
	}
	return p
}

func resources(document json.RawMessage) map[string][]resource {
	var view struct {
		Diff []resource `json:"diff"`
	}
	if json.Unmarshal(document, &view) != nil {
		return nil // the candidate could judge it all the same
	}
	byAddress := make(map[string][]resource, len(view.Diff))
	for _, r := range view.Diff {
		byAddress[r.Address] = append(byAddress[r.Address], r)
	}
	return byAddress
}
