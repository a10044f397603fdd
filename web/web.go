// Package web serves the live page: stacks, goals and change sets, rendered on
// the server and kept fresh by server-sent events. It only reads: there is no
// route but GET, and a browser signs in with a link that works once.
package web

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/aegisworld/aegis"
)

//go:embed assets
var assets embed.FS

// Config holds what the page stands on; all stores are required.
type Config struct {
	Goals      goalStore
	ChangeSets changeSetStore
	Stacks     stackStore
	Events     watcher
	Sessions   sessionStore
	// AllowedHosts are the Host headers that are answered, with or without a
	// port; another one may be a rebound name. Loopback names are always in.
	AllowedHosts []string
	Version      string
	Logger       *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Pause is the least time between two renderings of one page, 500 ms when
	// zero.
	Pause time.Duration
}

type goalStore interface {
	Goals(ctx context.Context, page aegis.Page) ([]aegis.Goal, string, error)
}

type changeSetStore interface {
	ChangeSets(ctx context.Context, f aegis.ChangeSetFilter, page aegis.Page) ([]aegis.AutonomousChangeSet, string, error)
}

type stackStore interface {
	Stacks(ctx context.Context, page aegis.Page) ([]aegis.Stack, string, error)
}

type watcher interface {
	Watch(ctx context.Context) (<-chan int64, error)
}

type sessionStore interface {
	RedeemLoginCode(ctx context.Context, codeSum, sessionSum [32]byte, expires time.Time) (aegis.Principal, error)
	Session(ctx context.Context, sum [32]byte) (aegis.Principal, error)
}

type site struct {
	Config

	pages *template.Template
}

// New returns the pages. It panics when an embedded template does not parse.
func New(c Config) http.Handler {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Pause == 0 {
		c.Pause = 500 * time.Millisecond
	}
	s := &site{Config: c}
	s.pages = template.Must(template.New("").Funcs(functions()).ParseFS(assets, "assets/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.signedIn(s.home))
	mux.HandleFunc("GET /live", s.signedIn(s.live))
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("GET /static/app.js", asset("assets/app.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /static/app.css", asset("assets/app.css", "text/css; charset=utf-8"))
	return s.guard(mux)
}

func asset(name, contentType string) http.HandlerFunc {
	body, err := assets.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body) // the browser is gone when this fails
	}
}

// show renders a page.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := s.pages.ExecuteTemplate(w, name, data); err != nil {
		s.Logger.DebugContext(r.Context(), "render page", "page", name, "error", err)
	}
}
