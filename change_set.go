package aegis

import (
	"slices"
	"time"
)

// TargetKind is the kind of thing that a change set changes.
type TargetKind string

// The kinds of target.
const (
	TargetPulumiStack        TargetKind = "pulumi_stack"
	TargetTerraformWorkspace TargetKind = "terraform_workspace"
	TargetAWSResource        TargetKind = "aws_resource"
	TargetKubernetesWorkload TargetKind = "kubernetes_workload"
	TargetPolicyBundle       TargetKind = "policy_bundle"
	TargetAgentMemory        TargetKind = "agent_memory"
	TargetGameWorld          TargetKind = "game_world"
)

// Target is what a change set changes: stacks of one layer, workspaces of one
// set, or resources that no stack manages, within those that stacks do.
type Target struct {
	Kind     TargetKind `json:"kind"`
	StackIDs []string   `json:"stack_ids"`
	Regions  []string   `json:"regions"`
	// Addresses, in a correction of one stack, are the only resources that it
	// changes, and empty is all; with a patch, those whose drift it adopts.
	Addresses []string `json:"addresses,omitempty"`
}

// Source says who proposed a change set.
type Source string

// The sources of change sets.
const (
	SourceGoal        Source = "goal"
	SourceDrift       Source = "drift"
	SourceBootstrap   Source = "bootstrap"
	SourceRollback    Source = "rollback"
	SourceReconcile   Source = "reconcile"
	SourceAutoscaling Source = "autoscaling"
	SourceContainment Source = "containment"
	// SourceOperator is a person who ships a policy bundle or sets variables of a
	// workspace.
	SourceOperator Source = "operator"
)

// Phase is the pipeline stage that a change set is in.
type Phase string

// The phases, in order; PhaseDone is terminal.
const (
	PhasePlan     Phase = "plan"
	PhaseGate     Phase = "gate"
	PhaseCanary   Phase = "canary"
	PhaseApply    Phase = "apply"
	PhaseVerify   Phase = "verify"
	PhaseRollback Phase = "rollback"
	PhaseDone     Phase = "done"
)

// PromotionState is what users see of a change set's progress.
type PromotionState string

// The promotion states; the last five are terminal.
const (
	StateProposed    PromotionState = "proposed"
	StateCanary      PromotionState = "canary"
	StateApplying    PromotionState = "applying"
	StateRollingBack PromotionState = "rolling_back"
	StatePromoted    PromotionState = "promoted"
	StateDenied      PromotionState = "denied"
	StateRolledBack  PromotionState = "rolled_back"
	StateFailed      PromotionState = "failed"
	StateCancelled   PromotionState = "cancelled"
)

// Terminal says that the state never changes again.
func (s PromotionState) Terminal() bool {
	return slices.Contains([]PromotionState{StatePromoted, StateDenied, StateRolledBack, StateFailed, StateCancelled}, s)
}

// The constraints that a change set may carry.
const (
	// ConstraintNoDeletions forbids that any resource is deleted or replaced.
	ConstraintNoDeletions = "no_deletions"
	// ConstraintNoReplacements forbids that any resource is replaced.
	ConstraintNoReplacements = "no_replacements"
	// ConstraintOnlyLayer and ConstraintOnlyRegion, followed by a name, such as
	// "only_layer:runtime", forbid changes of stacks of others. Several of a kind allow
	// each.
	ConstraintOnlyLayer  = "only_layer:"
	ConstraintOnlyRegion = "only_region:"
	// ConstraintAtMostUSDMonth, followed by US dollars, such as
	// "at_most_usd_month:120.50", forbids that a month costs more than that more.
	ConstraintAtMostUSDMonth = "at_most_usd_month:"
	// ConstraintBegunBy, followed by a time in RFC 3339, forbids that it is begun later.
	ConstraintBegunBy = "begun_by:"
)

// RiskFactor is one summand of a risk score.
type RiskFactor struct {
	// Code is stable, such as "stateful_delete".
	Code   string `json:"code"`
	Points int    `json:"points"`
	// Detail names what raised it, such as a resource address.
	Detail string `json:"detail"`
}

// CanaryResult is what was seen of the slice that was changed first.
type CanaryResult struct {
	StackID string `json:"stack_id"`
	Region  string `json:"region"`
	// Outcome is "passed", "failed" or "pending".
	Outcome     string        `json:"outcome"`
	Checks      []CheckResult `json:"checks"`
	SoakSeconds int           `json:"soak_seconds"`
	// Reason says why it failed.
	Reason     string     `json:"reason,omitempty"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// StackProgress is how far one stack of a change set is.
type StackProgress struct {
	StackID string `json:"stack_id"`
	// BaseRevision is the revision that was planned upon, AppliedRevision the
	// one that the change set wrote; 0 is none.
	BaseRevision    int64 `json:"base_revision"`
	AppliedRevision int64 `json:"applied_revision,omitempty"`
	// Status is "planned", "applying", "applied", "verified", "rolling_back"
	// or "rolled_back".
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
}

// Adopts says that the change set makes the spec agree with what is real at the
// addresses of its target, instead of the other way round.
func (cs AutonomousChangeSet) Adopts() bool {
	return cs.Source == SourceDrift && len(cs.Patches) > 0 && cs.Target.Kind != TargetAWSResource
}

// AutonomousChangeSet is a proposed change to the world and its way through
// the pipeline. It is the one door: whoever wants anything changed proposes
// one of these.
type AutonomousChangeSet struct {
	ChangeSetID string `json:"change_set_id"`
	Source      Source `json:"source"`
	GoalID      string `json:"goal_id,omitempty"`
	// TaskID is the goal's task that it carries out; a task has one change set.
	TaskID string `json:"task_id,omitempty"`
	// Actor is the principal or agent that proposed it.
	Actor string `json:"actor"`
	// Summary says in one line what it is for.
	Summary string `json:"summary"`
	Target  Target `json:"target"`
	// Patches change the specs, one per stack of the target.
	Patches []SpecPatch `json:"patches"`
	// Removals are resources that no stack manages, which the change set takes
	// away; only with target aws_resource, whose stacks manage their parents.
	Removals []CloudResource `json:"removals,omitempty"`
	// Diff is the normalised difference over all stacks, secrets masked.
	Diff []ResourceChange `json:"diff"`
	// Inverse undoes it: patches from the new revision back to the base.
	Inverse []SpecPatch `json:"inverse"`
	// InverseDiff is Diff seen from the other side, as the gate judged it.
	InverseDiff []ResourceChange `json:"inverse_diff"`
	// Irreversible lists addresses whose change the inverse can't undo.
	Irreversible []string `json:"irreversible,omitempty"`
	// PlanDigests maps each stack id to the SHA-256, in hex, of its judged plan.
	PlanDigests map[string]string `json:"plan_digests"`
	RiskScore   int               `json:"risk_score"`
	RiskFactors []RiskFactor      `json:"risk_factors"`
	// RiskTolerance bounds RiskScore; empty is high.
	RiskTolerance RiskTolerance `json:"risk_tolerance,omitempty"`
	// Budget is the goal's budget; the gate reserves against it.
	Budget *Budget `json:"budget,omitempty"`
	// Constraints are conditions that the gate holds the plan to, such as
	// ConstraintNoDeletions.
	Constraints []string `json:"constraints,omitempty"`
	// CostDeltaUSDMonth is the change of the monthly cost in US dollars, for
	// the resources whose price is known.
	CostDeltaUSDMonth float64 `json:"cost_delta_usd_month"`
	// CostUnknown lists addresses without a known price.
	CostUnknown []string `json:"cost_unknown,omitempty"`
	DecisionID  string   `json:"decision_id,omitempty"`
	// Denials are the rules that denied it.
	Denials         []RuleResult     `json:"denials"`
	Warnings        []RuleResult     `json:"warnings"`
	ExecutionPolicy *ExecutionPolicy `json:"execution_policy,omitempty"`
	CanaryResult    *CanaryResult    `json:"canary_result,omitempty"`
	PromotionState  PromotionState   `json:"promotion_state"`
	Phase           Phase            `json:"phase"`
	Progress        []StackProgress  `json:"progress"`
	// Policy is the bundle of a change set whose target is policy_bundle.
	Policy *PolicyChange `json:"policy,omitempty"`
	// RollbackOf is the change set that this one undoes.
	RollbackOf string `json:"rollback_of,omitempty"`
	// Error says why it failed, was denied or was rolled back.
	Error   string `json:"error,omitempty"`
	TraceID string `json:"trace_id,omitempty"`
	// Version counts commits; a job names the version that it is for.
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// SoakUntil is when a running soak ends.
	SoakUntil *time.Time `json:"soak_until,omitempty"`
}
