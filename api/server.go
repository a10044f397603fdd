package api

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/aegisworld/aegis"
)

// maxBody is the largest request body, in bytes.
const maxBody = 1 << 20

type server struct {
	Config

	engine *gin.Engine
	huma   huma.API
	access map[string]access
	strain *strain
	spec   []byte
	// streams counts the event streams that are open.
	streams atomic.Int64
}

// New returns the API. It panics when routes contradict one another, which is
// a mistake in this package and no matter of configuration.
func New(c Config) http.Handler { return newServer(c).engine }

func newServer(c Config) *server {
	c.setDefaults()
	gin.SetMode(gin.ReleaseMode)
	s := &server{Config: c, engine: gin.New(), access: accessTable(), strain: newStrain(c.Now)}
	s.engine.HandleMethodNotAllowed = true
	s.engine.RedirectTrailingSlash = false
	s.engine.ContextWithFallback = true
	s.engine.Use(s.trace(), s.observe, s.recover, secureHeaders, s.bound, s.authorize, limitBody, s.idempotent,
		s.recover) // once more: what panics is answered before the answer is kept
	s.huma = humagin.New(s.engine, s.humaConfig())
	s.goalRoutes()
	s.changeSetRoutes()
	s.stackRoutes()
	s.driftRoutes()
	s.driftRuleRoutes()
	s.incidentRoutes()
	s.envelopeRoutes()
	s.decisionRoutes()
	s.recordRoutes()
	s.agentRoutes()
	s.simulateRoutes()
	s.bundleRoutes()
	s.webhookRoutes()
	s.tokenRoutes()
	s.streamRoutes()
	s.laterRoutes()
	s.serviceRoutes()
	s.spec = s.describe()
	s.engine.NoRoute(s.noRoute)
	s.engine.NoMethod(func(g *gin.Context) {
		s.abort(g, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", g.Request.Method+" is not offered here"))
	})
	return s
}

func (s *server) humaConfig() huma.Config {
	c := huma.DefaultConfig("AegisWorld", s.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil // no $schema fields: a body is the core type and nothing else
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{asProblem, filled}
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "A token from POST /v1/tokens"},
	}
	c.Security = []map[string][]string{{"bearer": {}}}
	return c
}

// handle registers one operation. Errors of h become problems here and
// nowhere else.
func handle[I, O any](s *server, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	op.Responses = map[string]*huma.Response{"default": problemResponse(s.huma.OpenAPI().Components.Schemas)}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, s.fault(ctx, err)
		}
		return out, nil
	})
}

// fault logs what the caller may not see and returns the problem that it may.
func (s *server) fault(ctx context.Context, err error) error {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusNotImplemented {
		s.Logger.ErrorContext(ctx, "request failed", "error", err, "status", p.Status)
	}
	if p.Status == http.StatusServiceUnavailable {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	}
	return p
}

func (s *server) abort(g *gin.Context, p *Problem) {
	writeProblem(g.Writer, g.Request, p)
	g.Abort()
}

func (s *server) noRoute(g *gin.Context) {
	path := g.Request.URL.Path
	if s.Pages == nil || len(path) >= 4 && path[:4] == "/v1/" {
		s.abort(g, problemOf(aegis.ErrNotFound))
		return
	}
	g.Status(http.StatusOK) // gin presets 404 for what it does not route
	s.Pages.ServeHTTP(g.Writer, g.Request)
}
