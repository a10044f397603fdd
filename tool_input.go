package aegis

// ToolInput is the document that package aegis.agents judges: one call of a tool.
type ToolInput struct {
	Agent ToolAgent `json:"agent"`
	Goal  ToolGoal  `json:"goal"`
	Tool  ToolFacts `json:"tool"`
	// Used counts the calls of the tool that were made for the goal.
	Used int `json:"used"`
}

// ToolAgent is the agent that calls.
type ToolAgent struct {
	Name string `json:"name"`
	// Tools are all that it may call, by name; null is every one, and names none.
	Tools []string `json:"tools"`
	// Hosts are all that it may fetch from, such as "*.corp.example".
	Hosts []string `json:"hosts"`
	// Envelope has the regions and layers that it may look at.
	Envelope AgentEnvelope `json:"envelope"`
}

// ToolGoal is the goal that a tool is called for.
type ToolGoal struct {
	GoalID    string `json:"goal_id"`
	Submitter string `json:"submitter"`
}

// ToolFacts are what policy knows of a tool.
type ToolFacts struct {
	Name   string     `json:"name"`
	Effect ToolEffect `json:"effect"`
	// Scope is the data scope of its answers.
	Scope string `json:"scope"`
	// Source is "aegis", or "mcp:" and the name of a server.
	Source string `json:"source"`
	// CostUSD is what a call costs, in US dollars.
	CostUSD float64 `json:"cost_usd"`
}
