package app

import (
	"context"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/internal/postgres"
)

// agents are the planner and those that people made.
type agents struct{ *postgres.DB }

// Agent finds an agent by its id or its name; ErrNotFound.
func (a agents) Agent(ctx context.Context, id string) (aegis.Agent, error) {
	if id == agent.Actor {
		return aegis.Agent{AgentID: agent.Actor, Name: agent.Actor, Role: "carries out goals that name no other agent", CreatedBy: "aegis"}, nil
	}
	return a.DB.Agent(ctx, id)
}

// MayAct says whether who made an agent may still operate; the planner is the product's.
func (a agents) MayAct(ctx context.Context, name string) error {
	if name == agent.Actor {
		return nil
	}
	return a.DB.MayAct(ctx, name)
}
