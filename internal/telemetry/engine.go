package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
)

// Engine observes engine operations: a span and metrics for each.
type Engine struct {
	tracer  trace.Tracer
	metrics *Metrics
}

// NewEngine returns an observer that reports to both.
func NewEngine(provider trace.TracerProvider, metrics *Metrics) *Engine {
	return &Engine{tracer: provider.Tracer("github.com/aegisworld/aegis/internal/engine"), metrics: metrics}
}

// Observe runs an operation, such as "preview", on a stack and reports how it
// went.
func Observe[T any](
	ctx context.Context, e *Engine, operation string, run aegis.StackRun, do func(context.Context) (T, error),
) (T, error) {
	kind := string(run.Stack.Kind)
	ctx, span := e.tracer.Start(ctx, "engine "+operation, trace.WithAttributes(
		attribute.String("aegis.stack_id", run.Stack.StackID),
		attribute.String("aegis.change_set_id", run.ChangeSetID),
		attribute.String("aegis.engine", kind),
	))
	defer span.End()
	running := e.metrics.engineRunning.WithLabelValues(kind, operation)
	running.Inc()
	defer running.Dec()
	began := time.Now()
	out, err := do(ctx)
	e.metrics.engineSeconds.WithLabelValues(kind, operation).Observe(time.Since(began).Seconds())
	e.metrics.engineRuns.WithLabelValues(kind, operation, outcome(err)).Inc()
	if err != nil {
		span.SetStatus(codes.Error, outcome(err)) // the text could name what the account hides
	}
	return out, err
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, aegis.ErrDigestMismatch):
		return "digest_mismatch"
	case errors.Is(err, aegis.ErrProvider):
		return "provider_error"
	case errors.Is(err, context.Canceled), errors.Is(err, aegis.ErrCancelled):
		return "cancelled"
	default:
		return "error"
	}
}
