package aegis

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// RiskTolerance bounds the risk score of what a goal may propose.
type RiskTolerance string

// The risk tolerances. MaxRisk gives each its bound.
const (
	RiskLow    RiskTolerance = "low"
	RiskMedium RiskTolerance = "medium"
	RiskHigh   RiskTolerance = "high"
)

// MaxRisk is the highest risk score (0–100) that the tolerance allows; an
// unknown tolerance allows none.
func (t RiskTolerance) MaxRisk() int {
	switch t {
	case RiskLow:
		return 30
	case RiskMedium:
		return 60
	case RiskHigh:
		return 100
	default:
		return -1
	}
}

// Budget limits money. Nil means that no limit of that kind was given.
type Budget struct {
	// USDMonth is the most by which monthly cost may rise, in US dollars.
	USDMonth *float64 `json:"usd_month,omitempty"`
	// USDRun is the most that reaching the goal itself may cost, in US dollars
	// (model calls, temporary resources).
	USDRun *float64 `json:"usd_run,omitempty"`
}

// GoalSpec is what a person asks for.
type GoalSpec struct {
	GoalID        string        `json:"goal_id,omitempty"`
	Intent        string        `json:"intent"`
	Constraints   []string      `json:"constraints,omitempty"`
	Budget        *Budget       `json:"budget,omitempty"`
	Deadline      *time.Time    `json:"deadline,omitempty"`
	RiskTolerance RiskTolerance `json:"risk_tolerance,omitempty"`
	Domains       []string      `json:"domains,omitempty"`
	// DependsOn are the goals that have to succeed before this one is planned.
	DependsOn []string     `json:"depends_on,omitempty"`
	Priority  GoalPriority `json:"priority,omitempty"`
}

// GoalPriority says which of the goals that wait are planned first; "" is normal.
type GoalPriority string

// The priorities of goals.
const (
	PriorityHigh   GoalPriority = "high"
	PriorityNormal GoalPriority = "normal"
	PriorityLow    GoalPriority = "low"
)

// Twin is a digest of what a goal asks, in hex: goals that ask the same of the same
// agent have the same one, whoever asks, however urgently, and in whatever case and
// spacing.
func (g Goal) Twin() string {
	same := g.GoalSpec
	same.GoalID, same.Priority = "", ""
	same.Intent = strings.ToLower(strings.Join(strings.Fields(same.Intent), " "))
	b, err := json.Marshal(map[string]any{"spec": same, "agent": g.Agent})
	if err != nil {
		panic(fmt.Sprintf("encode a goal: %v", err)) // strings, numbers and times always encode
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// GoalState is where a goal stands.
type GoalState string

// The goal states; the last four are terminal.
const (
	GoalAccepted  GoalState = "accepted"
	GoalPlanning  GoalState = "planning"
	GoalRunning   GoalState = "running"
	GoalSucceeded GoalState = "succeeded"
	GoalFailed    GoalState = "failed"
	GoalDenied    GoalState = "denied"
	GoalCancelled GoalState = "cancelled"
)

// Terminal says that the state never changes again.
func (s GoalState) Terminal() bool {
	return slices.Contains([]GoalState{GoalSucceeded, GoalFailed, GoalDenied, GoalCancelled}, s)
}

// Goal is a GoalSpec on its way.
type Goal struct {
	GoalSpec

	State GoalState `json:"state"`
	// Agent is the name of the agent that carries it out; "" is the planner.
	Agent string `json:"agent,omitempty"`
	// Submitter is the name of the principal who asked.
	Submitter string `json:"submitter"`
	// ChangeSetIDs are the change sets proposed for the goal, oldest first.
	ChangeSetIDs []string `json:"change_set_ids"`
	// Understanding says how the planner read the intent.
	Understanding string `json:"understanding,omitempty"`
	// Plan is what it comes to; nil before it is planned.
	Plan *GoalPlan `json:"plan,omitempty"`
	// Result is what came of it; nil before its end.
	Result *GoalResult `json:"result,omitempty"`
	// Error says why the goal failed or was denied, and what would help.
	Error     string    `json:"error,omitempty"`
	TraceID   string    `json:"trace_id,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
