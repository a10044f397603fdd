package simulate

import (
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// flips are the entries of a decision that turns round: one for each stack that
// the rules are about. A rule without an address is about all of them.
func (o outcome) flips(rules []aegis.RuleResult) []aegis.SimulatedFlip {
	stacks := o.StackIDs
	if len(stacks) == 0 {
		stacks = []string{""}
	}
	var out []aegis.SimulatedFlip
	for _, id := range stacks {
		about := slices.DeleteFunc(slices.Clone(rules), func(r aegis.RuleResult) bool { return !o.concerns(r, id) })
		if len(about) == 0 {
			continue
		}
		out = append(out, aegis.SimulatedFlip{
			DecisionID: o.DecisionID, ChangeSetID: o.ChangeSetID, StackID: id, Codes: named(about), Rules: spoken(about),
			DecidedAt: o.decidedAt(),
		})
	}
	return out
}

// concerns says that a rule is about a stack: it names no resource, one of the
// stack, or one that is nowhere in the difference.
func (o outcome) concerns(r aegis.RuleResult, stackID string) bool {
	known := o.resources[r.Address]
	return len(known) == 0 || slices.ContainsFunc(known, func(res resource) bool { return res.StackID == stackID })
}

// verdict is what both sides say of a hypothetical case.
func (o outcome) verdict() aegis.SimulatedVerdict {
	resources := 0
	for _, same := range o.resources {
		resources += len(same)
	}
	return aegis.SimulatedVerdict{
		Summary: o.Summary, StackIDs: o.StackIDs, Resources: resources, Running: answer(o.before), Candidate: answer(o.after),
	}
}

func answer(r aegis.GateResult) aegis.SimulatedAnswer {
	return aegis.SimulatedAnswer{
		Allowed: r.Allowed(), Codes: named(r.Deny), Deny: spoken(r.Deny), Warn: spoken(r.Warn), Require: terms(r),
	}
}

// types are the types of the resources that rules name, sorted.
func (o outcome) types(rules []aegis.RuleResult) []string {
	var out []string
	for _, r := range rules {
		for _, res := range o.resources[r.Address] {
			out = append(out, clip(res.Type, maxCode))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// decidedAt is nil for what was never decided.
func (o outcome) decidedAt() *time.Time {
	if o.DecidedAt.IsZero() {
		return nil
	}
	at := o.DecidedAt.UTC()
	return &at
}

// named are the codes of rules, bounded.
func named(rules []aegis.RuleResult) []string {
	out := []string{}
	for _, code := range codes(rules) {
		out = push(out, maxCodes, clip(code, maxCode))
	}
	return out
}

// spoken are the first of what rules say, bounded.
func spoken(rules []aegis.RuleResult) []aegis.RuleResult {
	out := []aegis.RuleResult{}
	for _, r := range rules[:min(len(rules), maxExamples)] {
		out = append(out, aegis.RuleResult{Code: clip(r.Code, maxCode), Msg: clip(r.Msg, maxMessage), Address: clip(r.Address, maxMessage)})
	}
	return out
}

// naming are the flips that name a code.
func naming(flips []aegis.SimulatedFlip, code string) []aegis.SimulatedFlip {
	code = clip(code, maxCode)
	return slices.DeleteFunc(slices.Clone(flips), func(f aegis.SimulatedFlip) bool { return !slices.Contains(f.Codes, code) })
}

// clip keeps the first runes of a text.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
