package aegis

import "time"

// SimulationRequest asks what another policy bundle would decide. It names the
// candidate, by Modules and Data or by Bundle, and what the candidate is to
// judge; naming nothing to judge means the recorded decisions of 30 days.
type SimulationRequest struct {
	// Modules are Rego sources by path, such as "acme/pace.rego", and Data a
	// document; both are added to the running bundle. Without either, and
	// without Bundle, the running bundle judges Diff or Goal as it is.
	Modules map[string]string `json:"modules,omitempty"`
	Data    map[string]any    `json:"data,omitempty"`
	// Bundle is an OPA bundle (.tar.gz; base64 in JSON) that is judged instead
	// of the running one.
	Bundle []byte `json:"bundle,omitempty"`
	// Since is how far back recorded decisions go, such as "720h".
	Since string `json:"since,omitempty"`
	// ChangeSetIDs keeps to the recorded decisions about these.
	ChangeSetIDs []string `json:"change_set_ids,omitempty"`
	// Live judges what every stack has now, each resource as if it were
	// introduced today.
	Live bool `json:"live,omitempty"`
	// Diff is a hypothetical difference, judged as one change set.
	Diff []ResourceChange `json:"diff,omitempty"`
	// Goal is planned and previewed, and never proposed.
	Goal *GoalSpec `json:"goal,omitempty"`
}

// Simulation is what a candidate bundle decides otherwise than was recorded,
// or, where nothing was, than the running bundle. Totals are exact; every list
// is bounded and holds the first of its kind, the newest decisions first.
type Simulation struct {
	// Evaluated counts the decisions that the candidate was asked for.
	Evaluated int `json:"evaluated"`
	// NewlyDenied has an entry for each stack of a decision that would turn
	// from allowed to denied, NewlyAllowed the other way round.
	NewlyDenied  []SimulatedFlip `json:"newly_denied"`
	NewlyAllowed []SimulatedFlip `json:"newly_allowed"`
	// RequirementsChanged are decisions that both allow, on other terms.
	RequirementsChanged []SimulatedTerms  `json:"requirements_changed"`
	ByRule              []RuleFlips       `json:"by_rule"`
	ByStack             []StackFlips      `json:"by_stack"`
	ByType              []TypeFlips       `json:"by_type"`
	Errors              []SimulationFault `json:"errors"`
	// Hypothetical has what both bundles say of the request's diff and of each
	// change set of its goal.
	Hypothetical []SimulatedVerdict `json:"hypothetical"`
	// Notes say more, such as how a goal was understood.
	Notes     []string           `json:"notes"`
	Totals    SimulationTotals   `json:"totals"`
	Candidate SimulatedCandidate `json:"candidate"`
}

// SimulatedCandidate says which bundles were compared.
type SimulatedCandidate struct {
	// Revision is the candidate's and RunningRevision the running bundle's.
	Revision        string `json:"revision"`
	RunningRevision string `json:"running_revision"`
}

// SimulationTotals count decisions.
type SimulationTotals struct {
	NewlyDenied  int `json:"newly_denied"`
	NewlyAllowed int `json:"newly_allowed"`
	// NewlyWarned have a warning that they did not have.
	NewlyWarned int `json:"newly_warned"`
	// Unchanged have the same rules and terms.
	Unchanged int `json:"unchanged"`
	// What follows counts decisions that both bundles allow.
	CanaryAdded            int `json:"canary_added"`
	CanaryRemoved          int `json:"canary_removed"`
	SoakLonger             int `json:"soak_longer"`
	SoakShorter            int `json:"soak_shorter"`
	SnapshotAdded          int `json:"snapshot_added"`
	SnapshotRemoved        int `json:"snapshot_removed"`
	SimulateAdded          int `json:"simulate_added"`
	SimulateRemoved        int `json:"simulate_removed"`
	ExecutionPolicyChanged int `json:"execution_policy_changed"`
	// Errors counts the entries that Errors would have without its bound.
	Errors int `json:"errors"`
}

// SimulatedFlip is one stack of a decision that turns round.
type SimulatedFlip struct {
	// DecisionID is "" for what was never decided, such as a hypothetical diff.
	DecisionID  string `json:"decision_id,omitempty"`
	ChangeSetID string `json:"change_set_id"`
	StackID     string `json:"stack_id"`
	// Codes name the rules: those that deny now, or those that did.
	Codes []string `json:"codes"`
	// Rules are what they say, the first few.
	Rules     []RuleResult `json:"rules"`
	DecidedAt *time.Time   `json:"decided_at,omitempty"`
}

// SimulatedVerdict is what the running bundle and the candidate say of a change
// that was never proposed.
type SimulatedVerdict struct {
	// Summary says what it is.
	Summary  string   `json:"summary"`
	StackIDs []string `json:"stack_ids"`
	// Resources counts those of its difference.
	Resources int             `json:"resources"`
	Running   SimulatedAnswer `json:"running"`
	Candidate SimulatedAnswer `json:"candidate"`
}

// SimulatedAnswer is one bundle's word, with what the door adds to it; the
// rules are the first few.
type SimulatedAnswer struct {
	Allowed bool         `json:"allowed"`
	Codes   []string     `json:"codes"`
	Deny    []RuleResult `json:"deny"`
	Warn    []RuleResult `json:"warn"`
	Require Requirements `json:"require"`
}

// SimulatedTerms are the terms on which a decision is allowed, before and
// after: the stricter of require and execution_policy.rollback_policy.
type SimulatedTerms struct {
	DecisionID  string       `json:"decision_id,omitempty"`
	ChangeSetID string       `json:"change_set_id"`
	StackIDs    []string     `json:"stack_ids"`
	Before      Requirements `json:"before"`
	After       Requirements `json:"after"`
	DecidedAt   *time.Time   `json:"decided_at,omitempty"`
}

// RuleFlips is what one rule has to do with it.
type RuleFlips struct {
	Code string `json:"code"`
	// NewlyDenied are decisions that turn round by this rule, alone or with
	// others; NewlyAllowed those that it denied and nothing denies now.
	NewlyDenied  int `json:"newly_denied"`
	NewlyAllowed int `json:"newly_allowed"`
	// AlsoDenies and NoLongerDenies are decisions that are denied either way.
	AlsoDenies     int             `json:"also_denies"`
	NoLongerDenies int             `json:"no_longer_denies"`
	NewlyWarned    int             `json:"newly_warned"`
	Examples       []SimulatedFlip `json:"examples"`
}

// StackFlips counts the decisions about one stack that turn round.
type StackFlips struct {
	StackID      string          `json:"stack_id"`
	NewlyDenied  int             `json:"newly_denied"`
	NewlyAllowed int             `json:"newly_allowed"`
	Examples     []SimulatedFlip `json:"examples"`
}

// TypeFlips counts the decisions that turn round because of resources of one
// type.
type TypeFlips struct {
	// Type is the Terraform provider's name, such as "aws_instance".
	Type         string          `json:"type"`
	NewlyDenied  int             `json:"newly_denied"`
	NewlyAllowed int             `json:"newly_allowed"`
	Examples     []SimulatedFlip `json:"examples"`
}

// SimulationFault is a decision that could not be simulated. When the
// candidate gave no answer, the decision also counts as denied, since the gate
// would deny it.
type SimulationFault struct {
	DecisionID  string `json:"decision_id,omitempty"`
	ChangeSetID string `json:"change_set_id,omitempty"`
	StackID     string `json:"stack_id,omitempty"`
	// Code is "policy_error", "policy_timeout", "policy_undefined",
	// "policy_missing", "bad_record", "not_found" or "not_planned".
	Code    string `json:"code"`
	Message string `json:"message"`
}
