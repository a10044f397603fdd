package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// proposeTimeout bounds a proposal: the door reads specs and writes a change set.
const proposeTimeout = 2 * time.Minute

// proposal is what the tool answers: a change set, or why there is none.
type proposal struct {
	ChangeSetID string `json:"change_set_id"`
	Refused     string `json:"refused"`
}

// ProposeTool is the tool by which the agents that people made propose what their
// goal's plan has. The kernel calls it when a task's turn comes, so that a breaker, the
// agent's list of tools and policy decide whether it proposes; models are not told of it.
// Its input names a task and no change: what is proposed is what was planned.
func (p *Planner) ProposeTool() tool.Tool {
	return tool.Tool{
		Tool: aegis.Tool{
			Name: aegis.ToolProposeChangeSet, Effect: aegis.ToolProposes, Scope: "goal", Source: toolsOwn,
			Summary: "Proposes the change set of a planned task of the agent's goal. The control plane calls it when the task's turn comes.",
			Input: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["task_id"],
				"properties":{"task_id":{"type":"string","minLength":1,"maxLength":100}}}`),
			Output: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["change_set_id","refused"],
				"properties":{"change_set_id":{"type":"string"},"refused":{"type":"string","description":"why there is none"}}}`),
		},
		Timeout: proposeTimeout,
		Run: func(ctx context.Context, by tool.Caller, input json.RawMessage) (json.RawMessage, error) {
			var in struct {
				TaskID string `json:"task_id"`
			}
			if err := json.Unmarshal(input, &in); err != nil {
				return nil, fmt.Errorf("read the input: %w", err)
			}
			id, err := p.proposeFor(ctx, by, in.TaskID)
			answer := proposal{ChangeSetID: id}
			if reason, ok := declined(err); ok {
				answer.Refused, err = reason, nil
			}
			if err != nil {
				return nil, err
			}
			return json.Marshal(answer)
		},
	}
}

// proposeFor proposes a task for a caller, once: a task that has a change set already
// keeps it. It trusts the caller with nothing but a name, and reads the rest.
func (p *Planner) proposeFor(ctx context.Context, by tool.Caller, taskID string) (changeSetID string, err error) {
	goal, err := p.Goals.Goal(ctx, by.GoalID)
	if err != nil {
		return "", fmt.Errorf("read the goal: %w", err)
	}
	if goal.Agent == "" || goal.Agent != by.Agent {
		return "", refuse("goal %s is not carried out by agent %s", by.GoalID, by.Agent)
	}
	if goal.State.Terminal() || goal.Plan == nil {
		return "", refuse("goal %s is %s", by.GoalID, goal.State)
	}
	sets, err := p.changeSetsOf(ctx, goal.GoalID)
	if err != nil {
		return "", err
	}
	observe(goal.Plan, sets, p.Now())
	task := taskOf(goal.Plan, taskID)
	switch {
	case task.TaskID == "":
		return "", refuse("the plan of goal %s has no task %q", by.GoalID, taskID)
	case task.ChangeSetID != "":
		return task.ChangeSetID, nil
	case task.State != aegis.TaskWaiting:
		return "", refuse("task %s is %s", taskID, task.State)
	case !ready(goal.Plan, task):
		return "", refuse("task %s waits for others", taskID)
	}
	lim, err := p.limitsOf(goal)
	if err != nil {
		return "", err
	}
	cs := p.changeSet(goal, task, lim)
	if err := reaches(by, cs); err != nil {
		return "", err
	}
	cs, err = p.Door.Propose(ctx, cs)
	return cs.ChangeSetID, err
}

// reaches refuses a change set of stacks that policy, or its envelope, keeps from a caller.
func reaches(by tool.Caller, cs aegis.AutonomousChangeSet) error {
	for _, id := range cs.Target.StackIDs {
		name, err := aegis.ParseStackID(id)
		if err != nil {
			return refuse("stack %s: %s", id, err)
		}
		if !by.Sees(id, name.Layer, name.Region) {
			return refuse("policy allows agent %s no proposals for stack %s", by.Agent, id)
		}
	}
	return nil
}

// declined says whether an error is an outcome that trying again does not change.
func declined(err error) (reason string, ok bool) {
	if invalid, is := errors.AsType[*aegis.InvalidError](err); is {
		return invalid.Error(), true
	}
	if refused, is := errors.AsType[*refusal](err); is {
		return refused.text, true
	}
	return "", false
}

// propose has the change set of a task proposed: by the kernel itself, or with the tool
// of an agent that people made. The error is tool.ErrRefused where the agent may not, one
// that declined tells of where the door won't have it, or any other where machinery broke.
func (p *Planner) propose(ctx context.Context, goal aegis.Goal, task aegis.Task, lim limits) (changeSetID string, err error) {
	if !p.proposesByTool(goal) {
		cs, err := p.Door.Propose(ctx, p.changeSet(goal, task, lim))
		return cs.ChangeSetID, err
	}
	agent, err := p.agentOf(ctx, goal)
	if err != nil {
		return "", err
	}
	input, err := json.Marshal(map[string]string{"task_id": task.TaskID})
	if err != nil {
		return "", fmt.Errorf("encode the input of %s: %w", aegis.ToolProposeChangeSet, err)
	}
	result, err := p.Tools.Call(ctx, proposer(goal, agent), aegis.ToolProposeChangeSet, input)
	if err != nil {
		return "", err
	}
	var said proposal
	if err := json.Unmarshal(result.Output, &said); err != nil {
		return "", fmt.Errorf("read the answer of %s: %w", aegis.ToolProposeChangeSet, err)
	}
	if said.Refused != "" {
		return "", refuse("%s", said.Refused)
	}
	return said.ChangeSetID, nil
}

// proposesByTool says that a goal is an agent's that people made.
func (p *Planner) proposesByTool(goal aegis.Goal) bool { return goal.Agent != "" && p.Tools != nil }

// proposer is who calls the tool. An agent without a list may call it, as it may those
// that read and plan.
func proposer(goal aegis.Goal, a aegis.Agent) tool.Caller {
	by := caller(goal, a)
	if len(a.Tools) > 0 {
		by.Tools = a.Tools
	}
	for _, t := range goal.Plan.Tasks {
		if t.ChangeSetID != "" {
			by.Used[aegis.ToolProposeChangeSet]++
		}
	}
	return by
}
