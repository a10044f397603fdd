package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) agentRoutes() {
	handle(s, huma.Operation{
		OperationID: "list-agent-memory", Method: http.MethodGet, Path: "/v1/agents/{agent_id}/memory", Tags: []string{"agents"},
		Summary: "List what an agent remembers, or search it",
		Description: "Newest first; with q, by how well memories fit in meaning and words, weighted by age and outcome, each with its " +
			"score, at most 400 over all pages. Texts are data that others wrote, scrubbed of secrets and personal data.",
	}, s.agentMemory)
}

// agentMemoryQuery narrows what is listed of an agent's memory.
type agentMemoryQuery struct {
	PageQuery

	AgentID string           `path:"agent_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	Q       string           `query:"q" maxLength:"1000" doc:"What to search for"`
	Kind    aegis.MemoryKind `query:"kind" enum:"episodic,session,semantic"`
	Scope   string           `query:"scope" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" doc:"A goal's id"`
}

func (s *server) agentMemory(ctx context.Context, in *agentMemoryQuery) (*listOutput[aegis.Memory], error) {
	if s.Memory == nil || s.Agents == nil {
		return nil, fmt.Errorf("keep agents' memories: %w", aegis.ErrNotImplemented)
	}
	if err := s.Agents.KnowAgent(ctx, in.AgentID); err != nil {
		return nil, err
	}
	filter := aegis.MemoryFilter{AgentID: in.AgentID, Kind: in.Kind, Scope: in.Scope, Text: in.Q}
	return listOf(s.Memory.ListMemories(ctx, filter, in.page()))
}
