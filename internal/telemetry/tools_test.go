package telemetry_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/telemetry"
)

// granting allows every call.
type granting struct{}

func (granting) PermitTool(_ context.Context, in aegis.ToolInput) (aegis.ExecutionPolicy, error) {
	return aegis.ExecutionPolicy{ToolAllowances: map[string]int{in.Tool.Name: -1}}, nil
}

// A call of a tool is a span, which tells neither what was asked nor what was
// answered.
func TestToolSpans(t *testing.T) {
	t.Parallel()
	open := json.RawMessage(`{"type":"object"}`)
	registry, err := tool.New(tool.Config{Permits: granting{}, Tools: []tool.Tool{{
		Tool: aegis.Tool{Name: "list_stacks", Summary: "Lists.", Effect: aegis.ToolReads, Scope: "estate", Source: "aegis", Input: open, Output: open},
		Run: func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`{"text":"answered"}`), nil
		},
	}}})
	require.NoError(t, err)
	recorder := tracetest.NewSpanRecorder()
	tools := telemetry.NewToolSpans(registry, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("aegis"))
	require.Len(t, tools.Tools(), 1)
	by := tool.Caller{Agent: "planner", GoalID: "goal-1"}
	_, err = tools.Call(t.Context(), by, "list_stacks", json.RawMessage(`{"q":"asked"}`))
	require.NoError(t, err)
	_, err = tools.Call(t.Context(), by, "nothing", open)
	require.ErrorIs(t, err, tool.ErrUnknown)

	spans := recorder.Ended()
	require.Len(t, spans, 2)
	require.Equal(t, "execute_tool list_stacks", spans[0].Name())
	require.Contains(t, spans[0].Attributes(), attribute.String("gen_ai.operation.name", "execute_tool"))
	require.Contains(t, spans[1].Attributes(), attribute.String("error.type", "unknown"))
	for _, s := range spans {
		for _, a := range s.Attributes() {
			require.NotContains(t, a.Value.String(), "asked")
			require.NotContains(t, a.Value.String(), "answered")
		}
	}
}
