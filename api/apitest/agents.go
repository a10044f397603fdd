package apitest

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aegisworld/aegis"
)

// CreateAgent keeps an agent whose name is not taken.
func (s *Store) CreateAgent(_ context.Context, a aegis.Agent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.agents, func(other aegis.Agent) bool { return other.Name == a.Name }) {
		return aegis.ErrConflict
	}
	s.agents = append(s.agents, a)
	return s.fault
}

// Agent finds one by its id or its name, and knows "planner".
func (s *Store) Agent(_ context.Context, id string) (aegis.Agent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return aegis.Agent{}, s.fault
	}
	if id == "planner" {
		return aegis.Agent{AgentID: id, Name: id}, nil
	}
	for _, a := range s.agents {
		if a.Name == id {
			return a, nil
		}
	}
	return find(s.agents, "agent", id, func(a aegis.Agent) string { return a.AgentID })
}

// MayAct refuses agents of "nobody".
func (s *Store) MayAct(ctx context.Context, name string) error {
	a, err := s.Agent(ctx, name)
	if err == nil && a.CreatedBy == "nobody" {
		err = aegis.ErrForbidden
	}
	return err
}

// Agents lists them.
func (s *Store) Agents(_ context.Context, p aegis.Page) ([]aegis.Agent, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return nil, "", s.fault
	}
	return page(s.agents, p)
}

// Status lists one model.
func (s *Store) Status() []aegis.Model {
	return []aegis.Model{{
		Name: "claude/sonnet", Kinds: []string{"understand"}, Scopes: []string{}, InputUSD: 3, OutputUSD: 15, PriceSource: "the vendor",
		Window: 200_000, State: aegis.ModelReady, Calls: 4, LatencyMS: 900,
	}}
}

// Tools lists two tools.
func (s *Store) Tools() []aegis.Tool {
	schema := json.RawMessage(`{"type":"object"}`)
	return []aegis.Tool{
		{Name: "github.search", Summary: "Searches code", Effect: aegis.ToolReads, Scope: "code", Source: "mcp:github", CostUSD: 0.01, Input: schema, Output: schema, Unavailable: "the server is away"},
		{Name: "list_stacks", Summary: "Lists stacks", Effect: aegis.ToolReads, Scope: "estate", Source: "aegis", Input: schema, Output: schema},
	}
}
