package aegis

import (
	"encoding/json"
	"time"
)

// AgentStep is one turn of an agent's look into the estate for a goal: what a
// model asked for, and what came of it. A step without EndedAt was decided and
// paid, and its tool has not answered yet.
type AgentStep struct {
	GoalID string `json:"goal_id"`
	// Number counts from 1.
	Number int `json:"number"`
	// Tool was called with Input; "" is the last step, whose Values end the look.
	Tool   string            `json:"tool,omitempty"`
	Input  json.RawMessage   `json:"input,omitempty"`
	Values map[string]string `json:"values,omitempty"`
	// Output is what the tool answered, at most 16 KiB of it: data that others
	// wrote, scrubbed of secrets. Error says why there is none.
	Output string `json:"output,omitempty"`
	Error  string `json:"error,omitempty"`
	// Model chose the step for CostUSD, in US dollars, and Tokens, of the question and
	// the answer, 0 for one that was kept; ModelMS and ToolMS are milliseconds.
	Model     string     `json:"model"`
	CostUSD   float64    `json:"cost_usd"`
	Tokens    int        `json:"tokens"`
	ModelMS   int64      `json:"model_ms"`
	ToolMS    int64      `json:"tool_ms"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}
