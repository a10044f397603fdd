package aegis

import (
	"slices"
	"strings"
	"time"
)

// AgentEnvelope is the most that an agent may do for a goal, whatever the goal
// says. A zero field is no limit of its own.
type AgentEnvelope struct {
	// Regions and Layers are all that it may change.
	Regions []string `json:"regions,omitempty"`
	Layers  []string `json:"layers,omitempty"`
	// RiskTolerance and Budget bound those of its goals.
	RiskTolerance RiskTolerance `json:"risk_tolerance,omitempty"`
	Budget        *Budget       `json:"budget,omitempty"`
	// Hosts are all that it may fetch from: names, such as "status.example.com" or
	// "*.example.com"; without any, none.
	Hosts []string `json:"hosts,omitempty"`
	// Memories are the agents, by name, whose semantic memories without a goal it finds
	// beside its own; without any, none.
	Memories []string `json:"memories,omitempty"`
	// NoDeletions forbids that it removes or replaces anything.
	NoDeletions bool `json:"no_deletions,omitempty"`
}

// Agent is an identity that goals are carried out as.
type Agent struct {
	AgentID string `json:"agent_id"`
	// Name is unique, such as "night-shift"; it is the actor of the agent's change
	// sets, and the key of a breaker of scope agent.
	Name string `json:"name"`
	// Role says what the agent is for, in a sentence.
	Role string `json:"role,omitempty"`
	// Tools are all that it may call, by name; without any, those that read, plan and
	// propose.
	Tools []string `json:"tools,omitempty"`
	// Models are all that may be asked for it, such as "claude/claude-sonnet-4-5";
	// without any, every one.
	Models   []string      `json:"models,omitempty"`
	Envelope AgentEnvelope `json:"envelope"`
	// CreatedBy is the name of the principal who made it.
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

// EstateLayers are the layers in the order in which they are created.
func EstateLayers() []string {
	return []string{LayerSecurity, LayerNetwork, LayerData, LayerEdge, LayerRuntime}
}

// Bound holds a goal within the envelope, as constraints and limits that the
// planner and the gate hold it to.
func (e AgentEnvelope) Bound(goal GoalSpec) GoalSpec {
	goal.Constraints = slices.Clone(goal.Constraints)
	if len(e.Regions) > 0 {
		goal.Constraints = append(goal.Constraints, "only in "+strings.Join(e.Regions, ", "))
	}
	if len(e.Layers) > 0 {
		for _, layer := range EstateLayers() {
			if !slices.Contains(e.Layers, layer) {
				goal.Constraints = append(goal.Constraints, "don't touch the "+layer+" layer")
			}
		}
	}
	if e.NoDeletions {
		goal.Constraints = append(goal.Constraints, "no deletions")
	}
	if t := e.RiskTolerance; t != "" && (goal.RiskTolerance == "" || t.MaxRisk() < goal.RiskTolerance.MaxRisk()) {
		goal.RiskTolerance = t
	}
	goal.Budget = tighterBudget(goal.Budget, e.Budget)
	return goal
}

// tighterBudget has the lower of two limits for each.
func tighterBudget(a, b *Budget) *Budget {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	return &Budget{USDMonth: lower(a.USDMonth, b.USDMonth), USDRun: lower(a.USDRun, b.USDRun)}
}

func lower(a, b *float64) *float64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}
