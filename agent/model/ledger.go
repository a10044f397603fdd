package model

import (
	"context"
	"fmt"
	"time"
)

// NoLimit is the limit of what has none.
const NoLimit int64 = -1

// Account is who pays for a call.
type Account struct {
	// Goal is the id of the goal; "" is none, and then no goal's budget counts.
	Goal string
	// GoalLimitMicros is the goal's own limit; NoLimit is none beside the
	// configured one. 0 is no money at all.
	GoalLimitMicros int64
	// Submitter is who set the goal, by name.
	Submitter string
}

// Hold is money that is set aside for one call.
type Hold struct {
	ID     string
	Micros int64
}

// Ledger keeps the money, in millionths of a US dollar.
type Ledger interface {
	// Reserve sets aside the most that a call may cost, at all levels or none. A
	// BudgetError says which level has too little; any other error means that
	// nothing may be spent.
	Reserve(ctx context.Context, account Account, micros int64) (Hold, error)
	// Settle ends a hold with what was spent, never more than it holds. It may be
	// called again, and for a hold that has expired; that changes nothing.
	Settle(ctx context.Context, hold Hold, micros int64) error
}

// Limits are what may be spent at each level, in millionths of a US dollar;
// NoLimit is none.
type Limits struct {
	// GoalMicros is for each goal in all, SubmitterMicros for each submitter a
	// month, DayMicros and MonthMicros for everybody, by UTC's calendar.
	GoalMicros, SubmitterMicros, DayMicros, MonthMicros int64
}

// Charge is one account that a call is charged to.
type Charge struct {
	// Level is "goal", "submitter", "day" or "month".
	Level string
	// Scope is the account, such as "goal:goal-1", "submitter:ann:2026-11",
	// "day:2026-11-27" or "month:2026-11".
	Scope string
	// LimitMicros is its limit; NoLimit is none.
	LimitMicros int64
}

// Charges lists the accounts that a call at a time is charged to, in order of
// scope.
func (l Limits) Charges(a Account, at time.Time) []Charge {
	day, month := at.UTC().Format(time.DateOnly), at.UTC().Format("2006-01")
	charges := []Charge{{Level: "day", Scope: "day:" + day, LimitMicros: l.DayMicros}}
	if a.Goal != "" {
		charges = append(charges, Charge{Level: "goal", Scope: "goal:" + a.Goal, LimitMicros: tighter(l.GoalMicros, a.GoalLimitMicros)})
	}
	charges = append(charges, Charge{Level: "month", Scope: "month:" + month, LimitMicros: l.MonthMicros})
	if a.Submitter != "" {
		charges = append(charges, Charge{Level: "submitter", Scope: "submitter:" + a.Submitter + ":" + month, LimitMicros: l.SubmitterMicros})
	}
	return charges
}

func tighter(a, b int64) int64 {
	if a < 0 {
		return b
	}
	if b < 0 {
		return a
	}
	return min(a, b)
}

// BudgetError says which level has too little money. It matches ErrBudget.
type BudgetError struct {
	// Level is "goal", "submitter", "day" or "month".
	Level string
	// Scope is the account at that level.
	Scope string
	// Micros is what was asked for.
	Micros int64
}

// Error names the level, the account and the amount.
func (e *BudgetError) Error() string {
	return fmt.Sprintf("reserve %.6f USD of the %s budget (%s): %s; raise models.limits.%s_usd, or the goal's own budget, or wait", float64(e.Micros)/1e6, e.Level, e.Scope, ErrBudget, e.Level)
}

// Is matches ErrBudget.
func (e *BudgetError) Is(target error) bool { return target == ErrBudget }
