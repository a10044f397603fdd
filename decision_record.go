package aegis

import (
	"encoding/json"
	"time"
)

// Decision is the durable record of one gate decision, in the shape of OPA's
// decision log.
type Decision struct {
	DecisionID     string          `json:"decision_id"`
	ChangeSetID    string          `json:"change_set_id"`
	StackIDs       []string        `json:"stack_ids"`
	BundleRevision string          `json:"bundle_revision"`
	Path           string          `json:"path"`
	Input          json.RawMessage `json:"input,omitempty"`
	// InputDigest is the SHA-256 of Input in hex.
	InputDigest string     `json:"input_digest"`
	Result      GateResult `json:"result"`
	Allowed     bool       `json:"allowed"`
	// Outcome is Result's.
	Outcome DecisionOutcome `json:"outcome,omitempty"`
	// Masked and Erased are JSON pointers to what policy had replaced in, and
	// removed from, Input ("/input/…") and Result ("/result/…").
	Masked []string `json:"masked,omitempty"`
	Erased []string `json:"erased,omitempty"`
	// Metrics are times in nanoseconds by OPA's names, such as
	// "timer_server_handler_ns": all of the evaluation.
	Metrics map[string]int64 `json:"metrics,omitempty"`
	// LatencyUS is the evaluation's time in microseconds.
	LatencyUS int64     `json:"latency_us"`
	DecidedAt time.Time `json:"decided_at"`
	// Shadow says that a candidate bundle was judged beside the running one:
	// such a decision decides nothing.
	Shadow bool `json:"shadow,omitempty"`
}

// DecisionOutcome sums a decision up.
type DecisionOutcome string

// The outcomes.
const (
	OutcomeAllowed DecisionOutcome = "allowed"
	// OutcomeDenied: a rule denies.
	OutcomeDenied DecisionOutcome = "denied"
	// OutcomeError: it is denied because policy gave no answer; see
	// RuleResult.Unanswered.
	OutcomeError DecisionOutcome = "error"
)

// DecisionFilter narrows a list of decisions; zero fields match all, but what
// shadow bundles decide is left out.
type DecisionFilter struct {
	StackID     string
	ChangeSetID string
	// Rule is the code of a rule that denied or warned.
	Rule           string
	Outcome        DecisionOutcome
	Path           string
	BundleRevision string
	// Since is the first moment, Until the first one after; zero is no bound.
	Since, Until time.Time
	// Shadow takes in what shadow bundles decided.
	Shadow bool
}

// DecisionRecord is what of a decision may be stored.
type DecisionRecord struct {
	Input  json.RawMessage
	Result GateResult
	// Masked and Erased are as in Decision.
	Masked, Erased []string
}

// DecisionExplanation is a decision with what is known of its rules.
type DecisionExplanation struct {
	Decision

	// Rules are those that denied or warned, in the result's order.
	Rules []FiredRule `json:"rules"`
	// Trace is there when it was asked for.
	Trace *DecisionTrace `json:"trace,omitempty"`
}

// FiredRule is one rule's word in a decision, with its documentation in the
// bundle that runs now: empty when that has no such rule.
type FiredRule struct {
	RuleResult

	// Effect is "deny" or "warn".
	Effect      string `json:"effect"`
	Title       string `json:"title"`
	Severity    string `json:"severity"`
	Remediation string `json:"remediation"`
	// Pack is the rule's switch; "" for a rule without one.
	Pack string `json:"pack"`
}

// DecisionTrace is how a bundle judges a recorded input now.
type DecisionTrace struct {
	// BundleRevision is that of the bundle which was evaluated.
	BundleRevision string `json:"bundle_revision"`
	// Exact says that bundle and input are those of the decision. If not,
	// Notes say what is otherwise.
	Exact bool     `json:"exact"`
	Notes []string `json:"notes"`
	// Outcome is what came out.
	Outcome DecisionOutcome `json:"outcome"`
	// Lines are OPA's trace, the rules that were entered, left and failed.
	// Truncated says that there was more.
	Lines     []string `json:"lines"`
	Truncated bool     `json:"truncated"`
}
