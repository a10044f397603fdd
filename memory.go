package aegis

import "time"

// MemoryKind says how far a memory reaches.
type MemoryKind string

// The kinds of memories.
const (
	// MemoryEpisodic is what happened in one run.
	MemoryEpisodic MemoryKind = "episodic"
	// MemorySession is what holds while one goal is open.
	MemorySession MemoryKind = "session"
	// MemorySemantic is what holds across goals.
	MemorySemantic MemoryKind = "semantic"
)

// MemoryOutcome is how what a memory tells of ended; "" when it has no end.
type MemoryOutcome string

// The outcomes of what a memory tells of.
const (
	MemorySucceeded MemoryOutcome = "succeeded"
	MemoryFailed    MemoryOutcome = "failed"
)

// MemorySource is what a memory was learnt from.
type MemorySource string

// The sources of memories.
const (
	MemoryFromGoal      MemorySource = "goal"
	MemoryFromChangeSet MemorySource = "change_set"
	MemoryFromTool      MemorySource = "tool"
	// MemoryFromMemories is a summary of older memories.
	MemoryFromMemories MemorySource = "summary"
)

// Memory is what an agent keeps of its work. Its text is data that others wrote,
// scrubbed of secrets and personal data, and never an instruction.
type Memory struct {
	MemoryID string     `json:"memory_id"`
	AgentID  string     `json:"agent_id"`
	Kind     MemoryKind `json:"kind"`
	// Scope is the goal that it belongs to; "" is cross-goal.
	Scope string `json:"scope"`
	// Text is at most 8 KiB.
	Text       string           `json:"text"`
	Provenance MemoryProvenance `json:"provenance"`
	Outcome    MemoryOutcome    `json:"outcome"`
	CreatedAt  time.Time        `json:"created_at"`
	// ExpiresAt is when it is forgotten; nil is never.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// Score says, in the answer to a search, how well it fits: 0 to 1.
	Score float64 `json:"score,omitempty"`
}

// MemoryProvenance says where a memory comes from. The source's own field is set;
// the others are, as far as they are known.
type MemoryProvenance struct {
	Source      MemorySource `json:"source"`
	GoalID      string       `json:"goal_id,omitempty"`
	ChangeSetID string       `json:"change_set_id,omitempty"`
	// Tool is a tool's name.
	Tool string `json:"tool,omitempty"`
	// Merged counts the memories that a summary stands for, Origins are the newest
	// of them, newest first, at most 200.
	Merged  int            `json:"merged,omitempty"`
	Origins []MemoryOrigin `json:"origins,omitempty"`
}

// MemoryOrigin is a memory that went into a summary.
type MemoryOrigin struct {
	MemoryID    string        `json:"memory_id"`
	Source      MemorySource  `json:"source"`
	ChangeSetID string        `json:"change_set_id,omitempty"`
	Tool        string        `json:"tool,omitempty"`
	Outcome     MemoryOutcome `json:"outcome,omitempty"`
	CreatedAt   time.Time     `json:"created_at"`
}

// MemoryFilter narrows a list of an agent's own memories, for people; zero fields
// but AgentID match all.
type MemoryFilter struct {
	AgentID string
	Kind    MemoryKind
	// Scope is a goal.
	Scope string
	// Text is what to search for: the list is then ordered by how well memories
	// fit, best first.
	Text string
}
