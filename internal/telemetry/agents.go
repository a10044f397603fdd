package telemetry

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
)

type goals interface {
	Goal(ctx context.Context, id string) (aegis.Goal, error)
}

// AgentSpans makes a span of each time that an agent works on a goal, by
// OpenTelemetry's conventions for generative AI, in the trace that the goal's request
// began. What the agent asks of models and tools is below it.
type AgentSpans struct {
	Goals  goals
	Tracer trace.Tracer
	// Planner is the agent of goals that name no other.
	Planner string
}

// Work is work on a goal, with spans.
func (s AgentSpans) Work(do func(ctx context.Context, goalID string) error) func(ctx context.Context, goalID string) error {
	return func(ctx context.Context, goalID string) error {
		goal, err := s.Goals.Goal(ctx, goalID)
		if err != nil {
			return do(ctx, goalID) // which says so
		}
		name := cmp.Or(goal.Agent, s.Planner)
		ctx, span := s.Tracer.Start(Continue(ctx, goal.TraceID), "invoke_agent "+name, trace.WithAttributes(
			attribute.String("gen_ai.operation.name", "invoke_agent"),
			attribute.String("gen_ai.agent.name", name),
			attribute.String("gen_ai.conversation.id", goalID),
			attribute.String("aegis.goal_id", goalID),
		))
		defer span.End()
		if err = do(ctx, goalID); err != nil {
			span.SetAttributes(attribute.String("error.type", "_OTHER"))
			span.SetStatus(codes.Error, err.Error())
		}
		return err
	}
}
