package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis/agent/model"
)

// ModelSpans makes a span of every call of a model, by OpenTelemetry's
// conventions for generative AI. Neither prompts nor answers are in it.
type ModelSpans struct{ Tracer trace.Tracer }

// Start begins the span of a call.
func (s ModelSpans) Start(ctx context.Context, c model.Call) (context.Context, func(model.Outcome)) {
	operation := "chat"
	if c.Kind == model.KindEmbed {
		operation = "embeddings"
	}
	ctx, span := s.Tracer.Start(ctx, operation+" "+c.Model, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", operation),
		attribute.String("gen_ai.provider.name", c.System),
		attribute.String("gen_ai.request.model", c.Model),
		attribute.Int("gen_ai.request.max_tokens", c.MaxTokens),
		attribute.String("aegis.model.provider", c.Provider),
		attribute.String("aegis.model.task_kind", c.Kind),
		attribute.Bool("aegis.model.hedge", c.Hedge),
		attribute.Bool("aegis.model.repair", c.Repair),
		attribute.Int64("aegis.model.reserved_micros", c.ReservedMicros),
	))
	return ctx, func(o model.Outcome) {
		defer span.End()
		span.SetAttributes(
			attribute.Int("gen_ai.usage.input_tokens", o.InputTokens),
			attribute.Int("gen_ai.usage.output_tokens", o.OutputTokens),
			attribute.Int64("aegis.model.cost_micros", o.CostMicros),
		)
		if o.ResponseModel != "" {
			span.SetAttributes(attribute.String("gen_ai.response.model", o.ResponseModel))
		}
		if o.Err != nil {
			span.SetAttributes(attribute.String("error.type", modelErrorType(o.Err)))
			span.SetStatus(codes.Error, o.Err.Error())
		}
	}
}

// modelErrorType is one of few words for an error.
func modelErrorType(err error) string {
	for _, known := range []struct {
		err  error
		name string
	}{
		{model.ErrRateLimited, "rate_limited"},
		{model.ErrOverloaded, "overloaded"},
		{model.ErrRefused, "refused"},
		{model.ErrTruncated, "truncated"},
		{model.ErrBadAnswer, "bad_answer"},
		{model.ErrTooLarge, "too_large"},
		{model.ErrRejected, "rejected"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
	} {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return "_OTHER"
}
