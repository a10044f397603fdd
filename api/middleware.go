package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// trace begins a span per request; a caller's traceparent is its parent.
func (s *server) trace() gin.HandlerFunc {
	var provider trace.TracerProvider = noop.NewTracerProvider()
	if s.TracerProvider != nil {
		provider = s.TracerProvider
	}
	return otelgin.Middleware("aegis",
		otelgin.WithTracerProvider(provider), otelgin.WithPropagators(propagation.TraceContext{}),
		otelgin.WithGinFilter(func(g *gin.Context) bool { return g.FullPath() != "" && g.FullPath() != "/healthz" }))
}

// observe counts and logs each request, without its query and headers.
func (s *server) observe(g *gin.Context) {
	began := time.Now()
	g.Next()
	took, route := time.Since(began), g.FullPath()
	if route == "" {
		route = "other"
	}
	if s.Metrics != nil {
		s.Metrics.ObserveRequest(g.Request.Method, route, g.Writer.Status(), took)
	}
	level := slog.LevelDebug
	if g.Request.Method != http.MethodGet {
		level = slog.LevelInfo
	}
	s.Logger.Log(g.Request.Context(), level, "request", "method", g.Request.Method, "route", route,
		"status", g.Writer.Status(), "duration_ms", took.Milliseconds(), "principal", principal(g.Request.Context()).Name)
}

// bound ends requests that take too long, but for those that mean to.
func (s *server) bound(g *gin.Context) {
	switch g.FullPath() {
	case "", "/v1/goals/:goal_id/events", "/v1/events/stream", "/v1/policies/simulate", "/v1/goals/preview", "/v1/stacks/:stack_id/unlock", "/v1/drift/adoptions":
		return
	}
	ctx, cancel := context.WithTimeout(g.Request.Context(), s.Patience)
	defer cancel()
	g.Request = g.Request.WithContext(ctx)
	g.Next()
}

// recover turns a panic into a problem; the connection lives on.
func (s *server) recover(g *gin.Context) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		s.Logger.ErrorContext(g.Request.Context(), "handler panicked", "error", fmt.Sprint(r), "stack", string(debug.Stack()))
		g.Abort()
		if !g.Writer.Written() {
			s.abort(g, newProblem(http.StatusInternalServerError, "internal", "an unexpected error occurred; the server's log has it"))
		}
	}()
	g.Next()
}

// secureHeaders are right for JSON that no browser should show; pages set their
// own.
func secureHeaders(g *gin.Context) {
	if g.FullPath() == "" {
		return
	}
	h := g.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}
