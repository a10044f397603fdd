package telemetry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/telemetry"
)

type goals map[string]aegis.Goal

func (g goals) Goal(_ context.Context, id string) (aegis.Goal, error) {
	if goal, ok := g[id]; ok {
		return goal, nil
	}
	return aegis.Goal{}, aegis.ErrNotFound
}

func TestWorkOnAGoalIsInItsTrace(t *testing.T) {
	t.Parallel()
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("aegis")
	spans := telemetry.AgentSpans{Goals: goals{
		"goal-1": {TraceID: traceID}, "goal-2": {TraceID: traceID, Agent: "night-shift"},
	}, Tracer: tracer, Planner: "planner"}
	worked := 0
	work := spans.Work(func(ctx context.Context, goalID string) error {
		worked++
		_, span := tracer.Start(ctx, "chat m")
		span.End()
		if goalID == "goal-2" {
			return errors.New("the database is away")
		}
		return nil
	})
	require.NoError(t, work(t.Context(), "goal-1"))
	require.Error(t, work(t.Context(), "goal-2"))
	require.NoError(t, work(t.Context(), "goal-3"))
	require.Equal(t, 3, worked)
	ended := recorder.Ended()
	require.Len(t, ended, 5)
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
