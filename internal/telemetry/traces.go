package telemetry

import (
	"context"
	"crypto/sha256"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// NewTracerProvider returns a provider whose spans go to an OTLP/HTTP URL such
// as "http://127.0.0.1:4318/v1/traces". Without one, spans have ids, which
// goals record, and go nowhere. The caller shuts it down.
func NewTracerProvider(ctx context.Context, otlpURL, version, environment string) (*sdktrace.TracerProvider, error) {
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "aegis"),
		attribute.String("service.version", version),
		attribute.String("deployment.environment.name", environment),
	))}
	if otlpURL != "" {
		exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(otlpURL))
		if err != nil {
			return nil, fmt.Errorf("export traces to %s: %w", otlpURL, err)
		}
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	return sdktrace.NewTracerProvider(options...), nil
}

// Continue returns a context in which spans belong to a recorded trace, so that
// what a worker does is part of the trace that a request began. An id that is
// no W3C trace id changes nothing.
func Continue(ctx context.Context, traceID string) context.Context {
	id, err := trace.TraceIDFromHex(traceID)
	if err != nil {
		return ctx
	}
	sum := sha256.Sum256(id[:])
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id, SpanID: trace.SpanID(sum[:8]), TraceFlags: trace.FlagsSampled, Remote: true,
	}))
}
