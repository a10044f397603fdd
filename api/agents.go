package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) agentRoutes() {
	handle(s, huma.Operation{
		OperationID: "create-agent", Method: http.MethodPost, Path: "/v1/agents", Tags: []string{"agents"},
		Summary: "Make an agent", DefaultStatus: http.StatusCreated,
		Description: "An identity that goals are carried out as, and the most that it may do for them. What it proposes passes the same door.",
	}, s.createAgent)
	handle(s, huma.Operation{
		OperationID: "list-agents", Method: http.MethodGet, Path: "/v1/agents", Tags: []string{"agents"}, Summary: "List agents",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.Agent], error) {
		if s.Agents == nil {
			return nil, noAgents()
		}
		return listOf(s.Agents.Agents(ctx, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-agent", Method: http.MethodGet, Path: "/v1/agents/{agent_id}", Tags: []string{"agents"},
		Summary: "Read an agent, by its id or its name",
	}, func(ctx context.Context, in *AgentPath) (*itemOutput[aegis.Agent], error) {
		if s.Agents == nil {
			return nil, noAgents()
		}
		return itemOf(s.Agents.Agent(ctx, in.AgentID))
	})
	handle(s, huma.Operation{
		OperationID: "execute-agent", Method: http.MethodPost, Path: "/v1/agents/{agent_id}/execute", Tags: []string{"agents"},
		Summary: "Have an agent carry out a goal, within its envelope", DefaultStatus: http.StatusAccepted,
		Description: "The answer is the goal, bounded by the agent's envelope; /v1/goals/{goal_id}/events follows it. A token of role agent may " +
			"have the agent of its own name do so. Refused with 403 once who made the agent may not operate any more.",
	}, s.executeAgent)
	handle(s, huma.Operation{
		OperationID: "list-models", Method: http.MethodGet, Path: "/v1/models", Tags: []string{"agents"},
		Summary: "List the configured models, with prices and what this worker has seen of them",
	}, func(_ context.Context, in *PageQuery) (*listOutput[aegis.Model], error) {
		if s.Models == nil {
			return listOf([]aegis.Model{}, "", nil)
		}
		return pageOf(s.Models.Status(), *in, func(m aegis.Model) string { return m.Name })
	})
	handle(s, huma.Operation{
		OperationID: "list-tools", Method: http.MethodGet, Path: "/v1/tools", Tags: []string{"agents"},
		Summary: "List the tools that agents may call",
		Description: "By name, with their schemas, what they do besides answering, and why they can't be called now, if so. " +
			"Policy decides each call. Summaries and schemas of tools of an MCP server are data that others wrote.",
	}, func(_ context.Context, in *PageQuery) (*listOutput[aegis.Tool], error) {
		if s.Tools == nil {
			return listOf([]aegis.Tool{}, "", nil)
		}
		return pageOf(s.Tools.Tools(), *in, func(t aegis.Tool) string { return t.Name })
	})
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
	agent, err := s.Agents.Agent(ctx, in.AgentID)
	if err != nil {
		return nil, err
	}
	filter := aegis.MemoryFilter{AgentID: agent.Name, Kind: in.Kind, Scope: in.Scope, Text: in.Q}
	return listOf(s.Memory.ListMemories(ctx, filter, in.page()))
}

func noAgents() error { return fmt.Errorf("keep agents: %w", aegis.ErrNotImplemented) }

// planner is the agent of goals that name no other.
const planner = "planner"

// AgentPath names an agent. What operations embed is exported, or huma skips it.
type AgentPath struct {
	AgentID string `path:"agent_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// AgentRequest is the body of POST /v1/agents.
type AgentRequest struct {
	Name     string           `json:"name" minLength:"2" maxLength:"40" pattern:"^[a-z][a-z0-9-]*$" example:"night-shift"`
	Role     string           `json:"role,omitempty" maxLength:"200" doc:"What it is for"`
	Tools    []string         `json:"tools,omitempty" maxItems:"50" maxLength:"120" pattern:"^[a-z][A-Za-z0-9_.-]*$" nullable:"true" doc:"All that it may call; without any, the tools that read, plan and propose"`
	Models   []string         `json:"models,omitempty" maxItems:"20" maxLength:"200" nullable:"true" doc:"All that may be asked for it; without any, every one"`
	Envelope *EnvelopeRequest `json:"envelope,omitempty"`
}

// EnvelopeRequest is the most that an agent may do for a goal.
type EnvelopeRequest struct {
	Regions       []string            `json:"regions,omitempty" maxItems:"20" maxLength:"40" nullable:"true" doc:"All that it may change; without any, every region"`
	Layers        []string            `json:"layers,omitempty" maxItems:"5" enum:"network,security,data,runtime,edge" nullable:"true" doc:"All that it may change; without any, every layer"`
	RiskTolerance aegis.RiskTolerance `json:"risk_tolerance,omitempty" enum:"low,medium,high"`
	Hosts         []string            `json:"hosts,omitempty" maxItems:"20" maxLength:"253" pattern:"^(\\*\\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$" nullable:"true" doc:"All that it may fetch from; without any, none"`
	Budget        *BudgetRequest      `json:"budget,omitempty" doc:"Bounds the budget of each of its goals"`
	Memories      []string            `json:"memories,omitempty" maxItems:"20" maxLength:"40" pattern:"^[a-z][a-z0-9-]*$" nullable:"true" doc:"Agents whose lessons it finds beside its own memories, such as planner; without any, none"`
	NoDeletions   bool                `json:"no_deletions,omitempty"`
}

type createAgentInput struct {
	Body AgentRequest
}

func (s *server) createAgent(ctx context.Context, in *createAgentInput) (*createdOutput[aegis.Agent], error) {
	if s.Agents == nil {
		return nil, noAgents()
	}
	now := s.Now().UTC()
	agent := aegis.Agent{
		AgentID: newID(ctx, aegis.AgentPrefix, now), Name: in.Body.Name, Role: strings.TrimSpace(in.Body.Role), Tools: in.Body.Tools, Models: in.Body.Models,
		CreatedBy: principal(ctx).Name, CreatedAt: now,
	}
	if e := in.Body.Envelope; e != nil {
		agent.Envelope = aegis.AgentEnvelope{
			Regions: e.Regions, Layers: e.Layers, RiskTolerance: e.RiskTolerance, NoDeletions: e.NoDeletions, Hosts: e.Hosts, Memories: e.Memories,
		}
		if e.Budget != nil {
			agent.Envelope.Budget = &aegis.Budget{USDMonth: e.Budget.USDMonth, USDRun: e.Budget.USDRun}
		}
	}
	if err := s.checkAgent(ctx, agent); err != nil {
		return nil, err
	}
	err := s.Agents.CreateAgent(ctx, agent)
	if errors.Is(err, aegis.ErrConflict) {
		if kept, readErr := s.Agents.Agent(ctx, agent.Name); readErr != nil || kept.AgentID != agent.AgentID {
			return nil, fmt.Errorf("there is an agent of the name %q: %w", agent.Name, aegis.ErrConflict)
		}
		err = nil // by this very request, when it was tried before
	}
	if err != nil {
		return nil, err
	}
	return &createdOutput[aegis.Agent]{Location: "/v1/agents/" + agent.AgentID, Body: agent}, nil
}

// checkAgent finds what a schema can't say.
func (s *server) checkAgent(ctx context.Context, a aegis.Agent) error {
	var faults aegis.InvalidError
	if slices.Contains([]string{planner, "aegis"}, a.Name) {
		faults.Add("name", fmt.Sprintf("%q is the product's own", a.Name))
	}
	if !printable(a.Role) {
		faults.Add("role", "remove the control characters")
	}
	s.checkModels(a.Models, &faults)
	for i, region := range a.Envelope.Regions {
		if !slices.Contains(s.Regions, region) {
			faults.Add(fmt.Sprintf("envelope.regions.%d", i), fmt.Sprintf("%q is none of the estate's: %s", region, strings.Join(s.Regions, ", ")))
		}
	}
	for i, name := range a.Envelope.Memories {
		_, err := s.Agents.Agent(ctx, name)
		if name == planner || err == nil {
			continue
		}
		if !errors.Is(err, aegis.ErrNotFound) {
			return err
		}
		faults.Add(fmt.Sprintf("envelope.memories.%d", i), fmt.Sprintf("there is no agent %q; %q is the product's own", name, planner))
	}
	return faults.OrNil()
}

// checkModels finds models that are not configured.
func (s *server) checkModels(names []string, faults *aegis.InvalidError) {
	if len(names) == 0 {
		return
	}
	var configured []string
	if s.Models != nil {
		for _, m := range s.Models.Status() {
			configured = append(configured, m.Name)
		}
	}
	for i, name := range names {
		if !slices.Contains(configured, name) {
			faults.Add(fmt.Sprintf("models.%d", i), fmt.Sprintf("%q is none of the configured models: %s", name, strings.Join(configured, ", ")))
		}
	}
}

type executeAgentInput struct {
	AgentPath

	Traceparent string `header:"traceparent" maxLength:"256" doc:"W3C trace context"`
	Body        GoalRequest
}

// executeAgent makes a goal of the agent's: what its envelope does not allow is a
// constraint of the goal, which planner and gate hold it to. An agent's own token, one
// of role agent with its name, may have itself carry out goals and no other.
func (s *server) executeAgent(ctx context.Context, in *executeAgentInput) (*createdOutput[aegis.Goal], error) {
	if s.Agents == nil {
		return nil, noAgents()
	}
	agent, err := s.Agents.Agent(ctx, in.AgentID)
	if err != nil {
		return nil, err
	}
	if by := principal(ctx); by.Role == aegis.RoleAgent && (by.Name != agent.Name || agent.Name == planner) {
		return nil, fmt.Errorf("have agent %s carry out a goal as %s: an agent acts as itself: %w", agent.Name, by.Name, aegis.ErrForbidden)
	}
	if err := s.Agents.MayAct(ctx, agent.Name); err != nil {
		return nil, err
	}
	goal, err := s.newGoal(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	goal.GoalSpec, goal.Agent = agent.Envelope.Bound(goal.GoalSpec), agent.Name
	return s.accept(ctx, goal, in.Body.Again, in.Traceparent)
}
