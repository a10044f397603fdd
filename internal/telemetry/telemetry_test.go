package telemetry_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/telemetry"
)

func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, rec.Code)
	return rec.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1", func(context.Context) (map[string]map[string]int64, error) {
		return map[string]map[string]int64{"goals": {"running": 2}}, nil
	}, nil)
	m.ObserveRequest(http.MethodGet, "/v1/goals", http.StatusOK, time.Millisecond)
	m.ObserveRequest("EVIL", "other", http.StatusNotFound, time.Millisecond)
	m.SetBundle("r1")
	m.SetBundle("r2")
	m.CountBundleError("fetch")
	m.CountLook(aegis.TargetPulumiStack, "warm")
	got := scrape(t, m)
	require.NotContains(t, got, `revision="r1"`)
	require.Contains(t, got, `aegis_policy_bundle_info{revision="r2"} 1`)
	require.Contains(t, got, `aegis_drift_looks_total{kind="pulumi_stack",path="warm"} 1`)
	require.Contains(t, got, `aegis_policy_bundle_errors_total{reason="fetch"} 1`)
	require.Contains(t, got, `aegis_http_requests_total{method="GET",route="/v1/goals",status="200"} 1`)
	require.Contains(t, got, `aegis_http_requests_total{method="other",route="other",status="404"} 1`)
	require.Contains(t, got, `aegis_objects{kind="goals",state="running"} 2`)
	require.Contains(t, got, "aegis_database_up 1")
	require.Contains(t, got, `aegis_build_info{version="v1"} 1`)
}

func TestMetricsWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1", func(context.Context) (map[string]map[string]int64, error) {
		return nil, aegis.ErrUnavailable
	}, func(context.Context) (aegis.Freshness, error) { return aegis.Freshness{}, aegis.ErrUnavailable })
	require.Contains(t, scrape(t, m), "aegis_database_up 0")
}

func TestEngineRunsAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1", nil, nil)
	provider, err := telemetry.NewTracerProvider(t.Context(), "", "v1", "test")
	require.NoError(t, err)
	e := telemetry.NewEngine(provider, m)
	run := aegis.StackRun{Stack: aegis.Stack{StackID: "prod.network.eu-west-1", Kind: aegis.TargetPulumiStack}}
	for _, want := range []error{nil, aegis.ErrProvider, aegis.ErrDigestMismatch, context.Canceled, errors.New("odd")} {
		_, err := telemetry.Observe(t.Context(), e, "apply", run, func(context.Context) (int, error) { return 1, want })
		require.ErrorIs(t, err, want)
	}
	got := scrape(t, m)
	for _, outcome := range []string{"ok", "provider_error", "digest_mismatch", "cancelled", "error"} {
		require.Contains(t, got, `aegis_engine_runs_total{kind="pulumi_stack",operation="apply",outcome="`+outcome+`"} 1`)
	}
}

func TestContinueJoinsARecordedTrace(t *testing.T) {
	t.Parallel()
	provider, err := telemetry.NewTracerProvider(t.Context(), "", "v1", "test")
	require.NoError(t, err)
	ctx, span := provider.Tracer("x").Start(t.Context(), "request")
	defer span.End()
	id := span.SpanContext().TraceID()
	require.True(t, id.IsValid())
	_, child := provider.Tracer("x").Start(telemetry.Continue(t.Context(), id.String()), "work")
	defer child.End()
	require.Equal(t, id, child.SpanContext().TraceID())
	require.Equal(t, ctx, telemetry.Continue(ctx, "tr-1"))
	require.False(t, trace.SpanContextFromContext(telemetry.Continue(t.Context(), "")).IsValid())
}

func TestSpansAreExported(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		b, _ := io.ReadAll(body)
		bodies <- string(b)
	}))
	defer collector.Close()
	provider, err := telemetry.NewTracerProvider(t.Context(), collector.URL+"/v1/traces", "v1", "test")
	require.NoError(t, err)
	_, span := provider.Tracer("x").Start(t.Context(), "engine apply")
	span.End()
	require.NoError(t, provider.Shutdown(t.Context()))
	require.Contains(t, <-bodies, "engine apply")
}
