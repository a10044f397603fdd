package app

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis"
)

// plannerAgent is the agent that plans goals.
const plannerAgent = "planner"

// builtInAgents are the agents of this program.
type builtInAgents struct{}

// KnowAgent returns ErrNotFound when there is no such agent.
func (builtInAgents) KnowAgent(_ context.Context, id string) error {
	if id == plannerAgent {
		return nil
	}
	return fmt.Errorf("agent %s: %w", id, aegis.ErrNotFound)
}
