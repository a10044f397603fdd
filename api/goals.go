package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
)

func (s *server) goalRoutes() {
	handle(s, huma.Operation{
		OperationID: "create-goal", Method: http.MethodPost, Path: "/v1/goals", Tags: []string{"goals"},
		Summary: "Ask for something", DefaultStatus: http.StatusAccepted,
	}, s.createGoal)
	handle(s, huma.Operation{
		OperationID: "list-goals", Method: http.MethodGet, Path: "/v1/goals", Tags: []string{"goals"},
		Summary: "List goals",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.Goal], error) {
		return listOf(s.Goals.Goals(ctx, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "list-intents", Method: http.MethodGet, Path: "/v1/goals/intents", Tags: []string{"goals"},
		Summary: "List what goals can ask for",
	}, func(_ context.Context, in *PageQuery) (*listOutput[Intent], error) {
		return pageOf(s.Intents, *in, func(i Intent) string { return i.Name })
	})
	s.previewRoute()
	handle(s, huma.Operation{
		OperationID: "get-goal", Method: http.MethodGet, Path: "/v1/goals/{goal_id}", Tags: []string{"goals"},
		Summary: "Read a goal",
	}, func(ctx context.Context, in *GoalPath) (*itemOutput[aegis.Goal], error) {
		return itemOf(s.Goals.Goal(ctx, in.GoalID))
	})
	handle(s, huma.Operation{
		OperationID: "list-goal-steps", Method: http.MethodGet, Path: "/v1/goals/{goal_id}/steps", Tags: []string{"goals"},
		Summary:     "List what an agent did to find what a goal leaves open",
		Description: "In their order. What tools answered is data that others wrote, scrubbed of secrets.",
	}, s.goalSteps)
	handle(s, huma.Operation{
		OperationID: "cancel-goal", Method: http.MethodPost, Path: "/v1/goals/{goal_id}/cancel", Tags: []string{"goals"},
		Summary: "Stop pursuing a goal and the change sets proposed for it", DefaultStatus: http.StatusAccepted,
	}, s.cancelGoal)
}

type goalStepsInput struct {
	GoalPath
	PageQuery
}

func (s *server) goalSteps(ctx context.Context, in *goalStepsInput) (*listOutput[aegis.AgentStep], error) {
	if _, err := s.Goals.Goal(ctx, in.GoalID); err != nil {
		return nil, err
	}
	steps, err := s.Steps.AgentSteps(ctx, in.GoalID)
	if err != nil {
		return nil, err
	}
	return pageOf(steps, in.PageQuery, func(step aegis.AgentStep) string { return fmt.Sprintf("%06d", step.Number) })
}

// GoalPath names a goal. What operations embed is exported, or huma skips it.
type GoalPath struct {
	GoalID string `path:"goal_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

// GoalRequest is the body of POST /v1/goals.
type GoalRequest struct {
	Intent        string              `json:"intent" minLength:"1" maxLength:"1000" doc:"What is wanted, in a sentence" example:"scale the runtime in eu-west-1 to 4 nodes"`
	Constraints   []string            `json:"constraints,omitempty" maxItems:"20" maxLength:"200" nullable:"true"`
	Budget        *BudgetRequest      `json:"budget,omitempty"`
	Deadline      *time.Time          `json:"deadline,omitempty" doc:"RFC 3339; after it nothing more is begun"`
	RiskTolerance aegis.RiskTolerance `json:"risk_tolerance,omitempty" enum:"low,medium,high"`
	Domains       []string            `json:"domains,omitempty" maxItems:"20" maxLength:"40" pattern:"^[a-z][a-z0-9_-]*$" nullable:"true" doc:"The layers that it is about; without them, or with infrastructure, all"`
	DependsOn     []string            `json:"depends_on,omitempty" maxItems:"20" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" nullable:"true" doc:"Goals that have to succeed before this one is planned"`
	Priority      aegis.GoalPriority  `json:"priority,omitempty" enum:"low,normal,high" doc:"Which of the goals that wait are planned first"`
	Again         bool                `json:"again,omitempty" doc:"Ask it although an equal goal is open; without it the answer is that goal"`
}

// BudgetRequest limits the money that a goal may take.
type BudgetRequest struct {
	USDMonth *float64 `json:"usd_month,omitempty" minimum:"0" maximum:"1000000000" doc:"Most by which monthly cost may rise"`
	USDRun   *float64 `json:"usd_run,omitempty" minimum:"0" maximum:"1000000000" doc:"Most that reaching the goal may cost"`
}

type createGoalInput struct {
	Traceparent string `header:"traceparent" maxLength:"256" doc:"W3C trace context"`
	Body        GoalRequest
}

func (s *server) createGoal(ctx context.Context, in *createGoalInput) (*createdOutput[aegis.Goal], error) {
	goal, err := s.newGoal(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return s.accept(ctx, goal, in.Body.Again, in.Traceparent)
}

// accept keeps a new goal, which is planned from then on, or finds the open one that
// asks the same.
func (s *server) accept(ctx context.Context, goal aegis.Goal, again bool, traceparent string) (*createdOutput[aegis.Goal], error) {
	if err := s.checkDependencies(ctx, goal); err != nil {
		return nil, err
	}
	goal.TraceID = traceID(ctx, traceparent, goal.CreatedAt)
	twin := ""
	if !again {
		twin = goal.Twin()
	}
	err := s.Goals.CreateGoal(ctx, goal, twin)
	if errors.Is(err, aegis.ErrConflict) {
		goal, err = s.alreadyThere(ctx, goal, twin)
	}
	if err != nil {
		return nil, err
	}
	return &createdOutput[aegis.Goal]{Location: "/v1/goals/" + goal.GoalID, Body: goal}, nil
}

// alreadyThere is the goal that this very request made when it was tried before, or
// its open twin. When that has just ended, it is asked anew.
func (s *server) alreadyThere(ctx context.Context, goal aegis.Goal, twin string) (aegis.Goal, error) {
	kept, err := s.Goals.Goal(ctx, goal.GoalID)
	if errors.Is(err, aegis.ErrNotFound) {
		kept, err = s.Goals.OpenTwin(ctx, twin)
	}
	if errors.Is(err, aegis.ErrNotFound) {
		return goal, s.Goals.CreateGoal(ctx, goal, twin)
	}
	return kept, err
}

// checkDependencies finds goals that are to succeed first and do not exist.
func (s *server) checkDependencies(ctx context.Context, goal aegis.Goal) error {
	var faults aegis.InvalidError
	for i, id := range goal.DependsOn {
		_, err := s.Goals.Goal(ctx, id)
		if errors.Is(err, aegis.ErrNotFound) {
			faults.Add(fmt.Sprintf("depends_on.%d", i), fmt.Sprintf("there is no goal %q", id))
			continue
		}
		if err != nil {
			return err
		}
	}
	return faults.OrNil()
}

func (s *server) newGoal(ctx context.Context, r GoalRequest) (aegis.Goal, error) {
	now := s.Now().UTC()
	if err := checkGoal(r, now); err != nil {
		return aegis.Goal{}, err
	}
	spec := aegis.GoalSpec{
		GoalID: newID(ctx, aegis.GoalPrefix, now), Intent: strings.TrimSpace(r.Intent), Constraints: r.Constraints,
		Deadline: r.Deadline, RiskTolerance: r.RiskTolerance, Domains: r.Domains, DependsOn: r.DependsOn, Priority: r.Priority,
	}
	if r.Budget != nil {
		spec.Budget = &aegis.Budget{USDMonth: r.Budget.USDMonth, USDRun: r.Budget.USDRun}
	}
	return aegis.Goal{
		GoalSpec: spec, State: aegis.GoalAccepted, Submitter: principal(ctx).Name, ChangeSetIDs: []string{},
		CreatedAt: now, UpdatedAt: now,
	}, nil
}

// checkGoal finds what a schema can't say.
func checkGoal(r GoalRequest, now time.Time) error {
	var faults aegis.InvalidError
	if strings.TrimSpace(r.Intent) == "" {
		faults.Add("intent", "say what is wanted, such as: scale the runtime in eu-west-1 to 4 nodes")
	}
	if !printable(r.Intent) {
		faults.Add("intent", "remove the control characters")
	}
	for _, c := range r.Constraints {
		if !printable(c) {
			faults.Add("constraints", "remove the control characters")
		}
	}
	if r.Deadline != nil && !r.Deadline.After(now) {
		faults.Add("deadline", "it has passed; give a time after "+now.Format(time.RFC3339))
	}
	return faults.OrNil()
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}

// traceID is the W3C trace that began with this request. A trace that the
// caller began gets an id of ours, so that nobody can write into the record of
// another's goal by naming its trace.
func traceID(ctx context.Context, traceparent string, now time.Time) string {
	span := trace.SpanFromContext(ctx)
	if id := span.SpanContext().TraceID(); id.IsValid() && traceparent == "" {
		return id.String()
	}
	id := aegis.NewID(aegis.TracePrefix, now)
	span.SetAttributes(attribute.String("aegis.trace_id", id))
	return id
}

type cancelGoalInput struct {
	GoalPath

	Body *nothing
}

func (s *server) cancelGoal(ctx context.Context, in *cancelGoalInput) (*createdOutput[aegis.Goal], error) {
	goal, err := s.Goals.Goal(ctx, in.GoalID)
	if err != nil {
		return nil, err
	}
	if !goal.State.Terminal() || goal.State == aegis.GoalCancelled {
		if goal, err = s.stopGoal(ctx, goal); err != nil {
			return nil, err
		}
	}
	return &createdOutput[aegis.Goal]{Location: "/v1/goals/" + goal.GoalID, Body: goal}, nil
}

// stopGoal ends a goal first, so that nothing more is proposed for it, and then
// the change sets that it has by then. Of one that was cancelled it stops what is left.
func (s *server) stopGoal(ctx context.Context, goal aegis.Goal) (aegis.Goal, error) {
	actor := principal(ctx).Name
	if !goal.State.Terminal() {
		goal.State, goal.Error, goal.UpdatedAt = aegis.GoalCancelled, "cancelled by "+actor, s.Now().UTC()
		if err := s.Goals.UpdateGoal(ctx, goal); err != nil {
			return goal, err
		}
	}
	goal, err := s.Goals.Goal(ctx, goal.GoalID)
	if err != nil {
		return goal, err
	}
	var errs []error
	for _, id := range goal.ChangeSetIDs {
		if err := s.Door.Cancel(ctx, id, actor); err != nil && !errors.Is(err, aegis.ErrConflict) {
			errs = append(errs, err)
		}
	}
	return goal, errors.Join(errs...)
}
