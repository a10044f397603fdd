package telemetry

import (
	"context"
	"encoding/json"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

type agentTools interface {
	Tools() []aegis.Tool
	Call(ctx context.Context, by tool.Caller, name string, input json.RawMessage) (tool.Result, error)
}

// ToolSpans are tools each call of which is a span, by OpenTelemetry's conventions
// for generative AI. Neither inputs nor answers are in it.
type ToolSpans struct {
	agentTools

	tracer trace.Tracer
}

// NewToolSpans makes a span of each call of tools.
func NewToolSpans(tools agentTools, tracer trace.Tracer) ToolSpans { return ToolSpans{tools, tracer} }

// Call makes a call in a span of its own.
func (s ToolSpans) Call(ctx context.Context, by tool.Caller, name string, input json.RawMessage) (tool.Result, error) {
	ctx, span := s.tracer.Start(ctx, "execute_tool "+name, trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "execute_tool"),
		attribute.String("gen_ai.tool.name", name),
		attribute.String("gen_ai.agent.name", by.Agent),
		attribute.String("aegis.goal_id", by.GoalID),
	))
	defer span.End()
	result, err := s.agentTools.Call(ctx, by, name, input)
	if err != nil {
		span.SetAttributes(attribute.String("error.type", toolErrorType(err)))
		span.SetStatus(codes.Error, toolErrorType(err))
	}
	return result, err
}

// toolErrorType is one of few words for an error.
func toolErrorType(err error) string {
	switch {
	case errors.Is(err, tool.ErrUnknown):
		return "unknown"
	case errors.Is(err, tool.ErrRefused):
		return "refused"
	case errors.Is(err, tool.ErrInput):
		return "input"
	case errors.Is(err, tool.ErrFailed):
		return "failed"
	default:
		return "_OTHER"
	}
}
