package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// estateScope is the account of the whole estate.
const estateScope = "estate"

// forbidden is what the door denies whatever policy says: open breakers, too
// much risk, too little money, and changes outside the granted policy.
func (r *run) forbidden(input aegis.GateInput, granted aegis.ExecutionPolicy) []aegis.RuleResult {
	var out []aegis.RuleResult
	for _, b := range input.Breakers {
		out = append(out, aegis.RuleResult{
			Code: "breaker_open", Msg: fmt.Sprintf("breaker %s for %s %s is open: %s", b.BreakerID, b.Scope, b.Key, b.Reason),
		})
	}
	if limit := input.ChangeSet.RiskTolerance.MaxRisk(); r.cs.RiskScore > limit {
		out = append(out, aegis.RuleResult{
			Code: "risk_exceeds_tolerance",
			Msg:  fmt.Sprintf("risk score %d is above %d, the bound of risk_tolerance %s", r.cs.RiskScore, max(limit, 0), input.ChangeSet.RiskTolerance),
		})
	}
	return append(append(out, r.overBudget(input.Budget)...), exceeds(r.cs, granted)...)
}

// overBudget compares the rise of the cost with the goal's and the estate's
// limits.
func (r *run) overBudget(b aegis.GateBudget) []aegis.RuleResult {
	delta := r.cs.CostDeltaUSDMonth
	if delta <= 0 {
		return nil
	}
	var out []aegis.RuleResult
	if b.GoalUSDMonth != nil && delta > *b.GoalUSDMonth {
		out = append(out, aegis.RuleResult{
			Code: "budget_exceeded", Msg: fmt.Sprintf("$%.2f a month is above the goal's budget of $%.2f", delta, *b.GoalUSDMonth),
		})
	}
	if used := b.ReservedUSDMonth + b.SpentUSDMonth; b.LimitUSDMonth >= 0 && used+delta > b.LimitUSDMonth {
		out = append(out, aegis.RuleResult{
			Code: "budget_exceeded",
			Msg:  fmt.Sprintf("$%.2f a month on top of $%.2f is above the estate's budget of $%.2f", delta, used, b.LimitUSDMonth),
		})
	}
	return out
}

// exceeds compares the difference with the limits of the granted policy.
func exceeds(cs *aegis.AutonomousChangeSet, granted aegis.ExecutionPolicy) []aegis.RuleResult {
	var out []aegis.RuleResult
	refuse := func(msg, address string) {
		out = append(out, aegis.RuleResult{Code: "execution_policy_exceeded", Msg: msg, Address: address})
	}
	limits := granted.ResourceLimits
	if limits.MaxChanges > 0 && len(cs.Diff) > limits.MaxChanges {
		refuse(fmt.Sprintf("%d changes are more than the %d allowed", len(cs.Diff), limits.MaxChanges), "")
	}
	deletes := 0
	for _, c := range cs.Diff {
		if c.Action == aegis.ActionDelete || c.Action == aegis.ActionReplace {
			deletes++
		}
		if allowed := granted.NetworkScope.Regions; len(allowed) > 0 && c.Region != "" && !slices.Contains(allowed, c.Region) {
			refuse("region "+c.Region+" is outside the granted network scope", c.Address)
		}
	}
	if limits.MaxDeletes > 0 && deletes > limits.MaxDeletes {
		refuse(fmt.Sprintf("%d deletes are more than the %d allowed", deletes, limits.MaxDeletes), "")
	}
	if limits.MaxUSDMonth > 0 && cs.CostDeltaUSDMonth > limits.MaxUSDMonth {
		refuse(fmt.Sprintf("$%.2f a month are more than the $%.2f allowed", cs.CostDeltaUSDMonth, limits.MaxUSDMonth), "")
	}
	if reason := overAllowance(cs.Target, granted.ToolAllowances); reason != "" {
		refuse(reason, "")
	}
	return out
}

// overAllowance says why the engine of a target may not be called once for
// each stack; without allowances every tool may be called.
func overAllowance(target aegis.Target, allowances map[string]int) string {
	tool := engineTool(target.Kind)
	if tool == "" || len(allowances) == 0 {
		return ""
	}
	switch allowed, stacks := allowances[tool], len(target.StackIDs); {
	case allowed == 0:
		return tool + " is none of the tools allowed"
	case allowed > 0 && stacks > allowed:
		return fmt.Sprintf("%d stacks take more calls of %s than the %d allowed", stacks, tool, allowed)
	default:
		return ""
	}
}

// engineTool is the tool, as tool_allowances name it, that changes targets of a
// kind; "" is none.
func engineTool(kind aegis.TargetKind) string {
	return map[aegis.TargetKind]string{
		aegis.TargetPulumiStack: "pulumi", aegis.TargetTerraformWorkspace: "terraform", aegis.TargetAWSResource: "aws",
	}[kind]
}

// gateBudget reads the money side. The change set's own reservation, from a
// plan before, does not count against it.
func (r *run) gateBudget(ctx context.Context) (aegis.GateBudget, error) {
	accounts, err := r.store.Budgets(ctx)
	if err != nil {
		return aegis.GateBudget{}, fmt.Errorf("read budgets: %w", err)
	}
	b := aegis.GateBudget{LimitUSDMonth: r.budget}
	for _, a := range accounts {
		switch a.Scope {
		case estateScope:
			b.LimitUSDMonth, b.ReservedUSDMonth, b.SpentUSDMonth = a.LimitUSD, a.ReservedUSD, a.SpentUSD
		case goalScope(r.cs):
			if a.LimitUSD >= 0 {
				left := a.LimitUSD - a.ReservedUSD - a.SpentUSD
				b.GoalUSDMonth = &left
			}
		}
	}
	if limit := goalLimit(r.cs); limit != nil && b.GoalUSDMonth == nil {
		b.GoalUSDMonth = limit
	}
	return b, nil
}

func goalScope(cs *aegis.AutonomousChangeSet) string { return "goal:" + cs.GoalID }

func goalLimit(cs *aegis.AutonomousChangeSet) *float64 {
	if cs.Budget == nil {
		return nil
	}
	return cs.Budget.USDMonth
}

// reservations hold the rise of the cost until the change set ends.
func (r *run) reservations() []Reservation {
	rise := max(0, r.cs.CostDeltaUSDMonth)
	out := []Reservation{{Scope: estateScope, USD: rise, LimitUSD: r.budget}}
	if limit := goalLimit(r.cs); limit != nil && r.cs.GoalID != "" {
		out = append(out, Reservation{Scope: goalScope(r.cs), USD: rise, LimitUSD: *limit})
	}
	return out
}

// openBreakers lists those that touch the change set.
func (r *run) openBreakers(ctx context.Context) ([]aegis.Breaker, error) {
	all, err := r.store.Breakers(ctx)
	if err != nil {
		return nil, fmt.Errorf("read breakers: %w", err)
	}
	now := r.now()
	return slices.DeleteFunc(all, func(b aegis.Breaker) bool {
		return !b.Stops(now) || !touches(b, r.cs)
	}), nil
}

func touches(b aegis.Breaker, cs *aegis.AutonomousChangeSet) bool {
	switch b.Scope {
	case aegis.BreakerStack:
		return slices.Contains(cs.Target.StackIDs, b.Key)
	case aegis.BreakerRegion:
		return slices.Contains(cs.Target.Regions, b.Key) ||
			slices.ContainsFunc(cs.Diff, func(c aegis.ResourceChange) bool { return c.Region == b.Key })
	case aegis.BreakerAgent:
		return cs.Actor == b.Key
	case aegis.BreakerTool:
		return b.Key == string(cs.Target.Kind) || b.Key == engineTool(cs.Target.Kind)
	case aegis.BreakerAttribute:
		return false // its drift is left by who corrects drift
	default:
		return true // an unknown scope stops what it may mean
	}
}
