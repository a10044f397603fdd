package aegis

import "time"

// TaskTrace is the record of one task: a change set's way through the
// pipeline, or an agent's work.
type TaskTrace struct {
	TraceID     string      `json:"trace_id"`
	GoalID      string      `json:"goal_id,omitempty"`
	ChangeSetID string      `json:"change_set_id,omitempty"`
	Steps       []TraceStep `json:"steps"`
	// ToolCalls and ModelCalls count calls; LatencyMS is the sum of step times
	// in milliseconds; TokenCost is in US dollars.
	ToolCalls  int     `json:"tool_calls"`
	ModelCalls int     `json:"model_calls"`
	LatencyMS  int64   `json:"latency_ms"`
	TokenCost  float64 `json:"token_cost"`
	Outcome    string  `json:"outcome"`
}

// TraceStep is one step of a task.
type TraceStep struct {
	// Name is a phase or an operation, such as "plan" or "apply".
	Name string `json:"name"`
	// StackID is set for engine operations.
	StackID string `json:"stack_id,omitempty"`
	// Verdict is the stage's verdict, such as "go", "wait", "deny", "rollback".
	Verdict    string    `json:"verdict,omitempty"`
	Message    string    `json:"message,omitempty"`
	StartedAt  time.Time `json:"started_at"`
	DurationMS int64     `json:"duration_ms"`
	// EngineMS is the part of DurationMS spent in an engine, WaitMS in soaks.
	// ModelCalls counts questions to models and ToolCalls calls of tools; CostUSD is
	// what they cost, in US dollars.
	ModelCalls int     `json:"model_calls,omitempty"`
	ToolCalls  int     `json:"tool_calls,omitempty"`
	CostUSD    float64 `json:"cost_usd,omitempty"`
	EngineMS   int64   `json:"engine_ms,omitempty"`
	WaitMS     int64   `json:"wait_ms,omitempty"`
}
