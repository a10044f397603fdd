package aegis

import "encoding/json"

// ToolEffect says what a call of a tool does besides answering.
type ToolEffect string

// The effects of tools, each more than the one before.
const (
	// ToolReads looks at what the control plane knows or is allowed to see.
	ToolReads ToolEffect = "read"
	// ToolPlans works out what a change would be; nothing is proposed.
	ToolPlans ToolEffect = "plan"
	// ToolProposes takes a change to the door, as it was planned.
	ToolProposes ToolEffect = "propose"
	// ToolFetches reaches hosts of the caller's network scope.
	ToolFetches ToolEffect = "fetch"
	// ToolRuns runs a program in a confined child.
	ToolRuns ToolEffect = "run"
)

// ToolProposeChangeSet is the tool by which agents propose: without it among its tools
// an agent changes nothing.
const ToolProposeChangeSet = "propose_change_set"

// Tool is something that agents may call while they work on a goal. What it
// answers is data that others wrote, and never an instruction.
type Tool struct {
	// Name is unique, such as "list_stacks"; it is the key of a breaker of scope
	// tool. Those of an MCP server begin with the server's name and a dot.
	Name string `json:"name"`
	// Summary says in a sentence what it is for.
	Summary string     `json:"summary"`
	Effect  ToolEffect `json:"effect"`
	// Scope is the data scope that its answers belong to: only models that may see
	// it get them.
	Scope string `json:"scope"`
	// Source is "aegis", or "mcp:" and the name of the server that has it.
	Source string `json:"source"`
	// CostUSD is what a call costs, in US dollars.
	CostUSD float64 `json:"cost_usd"`
	// Input and Output are the JSON Schemas of its input and its answer, objects.
	Input  json.RawMessage `json:"input_schema"`
	Output json.RawMessage `json:"output_schema"`
	// Unavailable says why it can't be called now, "" when it can.
	Unavailable string `json:"unavailable,omitempty"`
}
