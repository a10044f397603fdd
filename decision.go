package aegis

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// RuleResult is one rule's word in a decision.
type RuleResult struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
	// Address, when set, is the resource that the rule is about.
	Address string `json:"address,omitempty"`
}

// String is "code: msg", with the address where msg does not name it.
func (r RuleResult) String() string {
	if r.Address == "" || strings.Contains(r.Msg, r.Address) {
		return r.Code + ": " + r.Msg
	}
	return r.Code + " (" + r.Address + "): " + r.Msg
}

// Requirements are what policy demands of a change that it allows.
type Requirements struct {
	Canary      bool `json:"canary"`
	SoakSeconds int  `json:"soak_seconds"`
	Snapshot    bool `json:"snapshot"`
	Simulate    bool `json:"simulate"`
}

// GateInput is the document that policies judge, as the contract gives it.
type GateInput struct {
	ChangeSet GateChangeSet    `json:"change_set"`
	Diff      []ResourceChange `json:"diff"`
	Inverse   []ResourceChange `json:"inverse"`
	// Stacks and Specs are keyed by stack id; Specs are the proposed ones.
	Stacks  map[string]Stack `json:"stacks"`
	Specs   map[string]Spec  `json:"specs"`
	Source  Source           `json:"source"`
	Actor   string           `json:"actor"`
	Drift   json.RawMessage  `json:"drift"`
	Budget  GateBudget       `json:"budget"`
	Regions []string         `json:"regions"`
	// Breakers are the open ones that touch the change.
	Breakers []Breaker `json:"breakers"`
	History  History   `json:"history"`
	// Now is when it is decided, in UTC; rules have no clock of their own.
	Now time.Time `json:"now,omitzero"`
	// Policy is there when the change set is to change the policy bundle.
	Policy *PolicyChange `json:"policy,omitempty"`
}

// GateChangeSet is the part of a change set that policies see.
type GateChangeSet struct {
	ChangeSetID       string        `json:"change_set_id"`
	GoalID            string        `json:"goal_id"`
	Target            Target        `json:"target"`
	Patches           []SpecPatch   `json:"patches"`
	RiskScore         int           `json:"risk_score"`
	RiskFactors       []RiskFactor  `json:"risk_factors"`
	RiskTolerance     RiskTolerance `json:"risk_tolerance"`
	CostDeltaUSDMonth float64       `json:"cost_delta_usd_month"`
	CostUnknown       []string      `json:"cost_unknown"`
	Irreversible      []string      `json:"irreversible"`
	RollbackOf        string        `json:"rollback_of"`
	// Constraints are the change set's.
	Constraints []string `json:"constraints"`
}

// GateBudget is the money side of a decision, in US dollars a month.
type GateBudget struct {
	// GoalUSDMonth is the goal's own limit; nil is none.
	GoalUSDMonth *float64 `json:"goal_usd_month"`
	// LimitUSDMonth is the estate's limit, ReservedUSDMonth what other changes
	// hold, SpentUSDMonth what was promoted.
	LimitUSDMonth    float64 `json:"limit_usd_month"`
	ReservedUSDMonth float64 `json:"reserved_usd_month"`
	SpentUSDMonth    float64 `json:"spent_usd_month"`
}

// History is what happened to the target's stacks in the last 30 days.
type History struct {
	Promoted   int `json:"promoted"`
	RolledBack int `json:"rolled_back"`
	Failed     int `json:"failed"`
}

// GateResult is what policy says of one input. Deny is never nil: an engine
// that could not answer says so in a rule of its own.
type GateResult struct {
	Deny            []RuleResult    `json:"deny"`
	Warn            []RuleResult    `json:"warn"`
	Require         Requirements    `json:"require"`
	ExecutionPolicy ExecutionPolicy `json:"execution_policy"`
	// BundleRevision identifies the rules that judged.
	BundleRevision string `json:"bundle_revision"`
}

// Allowed says that no rule denies.
func (r GateResult) Allowed() bool { return len(r.Deny) == 0 }

// Outcome sums the result up.
func (r GateResult) Outcome() DecisionOutcome {
	switch {
	case slices.ContainsFunc(r.Deny, RuleResult.Unanswered):
		return OutcomeError
	case !r.Allowed():
		return OutcomeDenied
	default:
		return OutcomeAllowed
	}
}
