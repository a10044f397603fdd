package aegis

import (
	"encoding/json"
	"time"
)

// Page asks for a part of a list; lists are newest first.
type Page struct {
	// Limit is 1 to 500; 0 is 50.
	Limit int
	// Cursor is the NextCursor of the page before; "" is the first page.
	Cursor string
}

// ChangeSetFilter narrows a list of change sets; zero fields match all.
type ChangeSetFilter struct {
	State   PromotionState
	StackID string
	GoalID  string
	Source  Source
}

// Event is one thing that happened, in the order in which it was committed.
type Event struct {
	// Seq rises; it is the Last-Event-ID of streams.
	Seq int64 `json:"seq"`
	// Kind is "goal", "change_set", "stack", "breaker", "policy", "drift",
	// "incident", "webhook" or "sandbox".
	Kind string `json:"kind"`
	// ID is the object's id, GoalID the goal's that it belongs to, if any.
	ID     string `json:"id"`
	GoalID string `json:"goal_id,omitempty"`
	// Type is what happened, such as "change_set.promoted" or "goal.accepted".
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"at"`
}
