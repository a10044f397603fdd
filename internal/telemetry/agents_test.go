package telemetry_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/telemetry"
)

func TestWorkOnAGoalIsInItsTrace(t *testing.T) {
	t.Parallel()
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("aegis")
	spans := telemetry.AgentSpans{Tracer: tracer}
	for i, fault := range []error{nil, errors.New("the database is away")} {
		goal := aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: fmt.Sprintf("goal-%d", i+1)}, TraceID: traceID}
		ctx, end := spans.Start(t.Context(), goal, []string{"planner", "night-shift"}[i])
		_, span := tracer.Start(ctx, "chat m")
		span.End()
		end(fault)
	}
	ended := recorder.Ended()
	require.Len(t, ended, 4)
	for i, name := range []string{"chat m", "invoke_agent planner", "chat m", "invoke_agent night-shift"} {
		require.Equal(t, name, ended[i].Name())
		require.Equal(t, traceID, ended[i].SpanContext().TraceID().String())
	}
	require.Equal(t, ended[1].SpanContext().SpanID(), ended[0].Parent().SpanID())
	require.Contains(t, ended[3].Attributes(), attribute.String("gen_ai.agent.name", "night-shift"))
	require.Contains(t, ended[3].Attributes(), attribute.String("aegis.goal_id", "goal-2"))
	require.Equal(t, codes.Unset, ended[1].Status().Code)
	require.Equal(t, codes.Error, ended[3].Status().Code)
}
