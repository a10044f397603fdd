package telemetry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/telemetry"
)

func TestModelSpans(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	spans := telemetry.ModelSpans{Tracer: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("aegis")}
	call := model.Call{Provider: "claude", System: "anthropic", Model: "claude-x", Kind: model.KindUnderstand, MaxTokens: 100, ReservedMicros: 900}
	_, end := spans.Start(t.Context(), call)
	end(model.Outcome{ResponseModel: "claude-x-1", InputTokens: 10, OutputTokens: 5, CostMicros: 105, Latency: time.Second})
	_, end = spans.Start(t.Context(), call)
	end(model.Outcome{Err: &model.CallError{Kind: model.ErrRateLimited}})

	ended := recorder.Ended()
	require.Len(t, ended, 2)
	require.Equal(t, "chat claude-x", ended[0].Name())
	require.Subset(t, ended[0].Attributes(), []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.provider.name", "anthropic"),
		attribute.String("gen_ai.request.model", "claude-x"),
		attribute.String("gen_ai.response.model", "claude-x-1"),
		attribute.Int("gen_ai.request.max_tokens", 100),
		attribute.Int("gen_ai.usage.input_tokens", 10),
		attribute.Int("gen_ai.usage.output_tokens", 5),
		attribute.Int64("aegis.model.cost_micros", 105),
	})
	require.Equal(t, codes.Error, ended[1].Status().Code)
	require.Contains(t, ended[1].Attributes(), attribute.String("error.type", "rate_limited"))
}
