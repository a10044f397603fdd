package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
)

// AgentSpans makes a span of each time that an agent works on a goal, by
// OpenTelemetry's conventions for generative AI, in the trace that the goal's request
// began. What the agent asks of models and tools is below it.
type AgentSpans struct{ Tracer trace.Tracer }

// Start begins the span of an agent's work.
func (s AgentSpans) Start(ctx context.Context, goal aegis.Goal, agent string) (context.Context, func(error)) {
	ctx, span := s.Tracer.Start(Continue(ctx, goal.TraceID), "invoke_agent "+agent, trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "invoke_agent"),
		attribute.String("gen_ai.agent.name", agent),
		attribute.String("gen_ai.conversation.id", goal.GoalID),
		attribute.String("aegis.goal_id", goal.GoalID),
	))
	return ctx, func(err error) {
		defer span.End()
		if err != nil {
			span.SetAttributes(attribute.String("error.type", "_OTHER"))
			span.SetStatus(codes.Error, err.Error())
		}
	}
}
