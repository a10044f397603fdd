package memory

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aegisworld/aegis"
)

// Config holds what memories stand on. Store is required; the rest has defaults.
type Config struct {
	Store Store
	// Embedder is Hashed when nil. Where it fails, Hashed stands in for it.
	Embedder Embedder
	// Logger is told when it fails; nil tells nobody.
	Logger *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Ranking weighs what searches find.
	Ranking Ranking
	// EpisodicLife and SessionLife are how long memories last that name no end
	// themselves: 90 and 14 days when zero. Semantic ones stay.
	EpisodicLife, SessionLife time.Duration
	// PerGoal bounds the episodic memories of an agent and goal, 200 when zero:
	// the oldest become one summary. PerAgent bounds the memories of an agent,
	// 100,000 when zero: the oldest are forgotten, semantic ones last.
	PerGoal, PerAgent int
}

// Service remembers and finds. It may be called concurrently.
type Service struct {
	Config
}

// New returns a service.
func New(c Config) *Service {
	if c.Embedder == nil {
		c.Embedder = Hashed{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Ranking.setDefaults()
	setDefault(&c.EpisodicLife, 90*24*time.Hour)
	setDefault(&c.SessionLife, 14*24*time.Hour)
	setDefault(&c.PerGoal, 200)
	setDefault(&c.PerAgent, 100_000)
	return &Service{Config: c}
}

func setDefault[T ~int | ~int64](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// Remember scrubs a memory, keeps it and returns it as it is kept. AgentID, Kind,
// Text and Provenance are the caller's; MemoryID too, where trying again must not
// keep it twice: of two memories with one id the first stays. It returns an
// InvalidError that names the fields, also for a text of which nothing is left.
func (s *Service) Remember(ctx context.Context, m aegis.Memory) (aegis.Memory, error) {
	now := s.Now().UTC().Truncate(time.Microsecond)
	m.Text, m.CreatedAt, m.Score = Scrub(m.Text), now, 0
	if m.MemoryID == "" {
		m.MemoryID = aegis.NewID(aegis.MemoryPrefix, now)
	}
	if m.ExpiresAt == nil {
		m.ExpiresAt = s.expiry(m.Kind, now)
	}
	if err := validate(m, now); err != nil {
		return aegis.Memory{}, err
	}
	e, err := s.entry(ctx, m)
	if err != nil {
		return aegis.Memory{}, err
	}
	if err := s.Store.SaveMemory(ctx, e); err != nil {
		return aegis.Memory{}, err
	}
	return m, nil
}

func (s *Service) expiry(kind aegis.MemoryKind, now time.Time) *time.Time {
	life := map[aegis.MemoryKind]time.Duration{aegis.MemoryEpisodic: s.EpisodicLife, aegis.MemorySession: s.SessionLife}[kind]
	if life == 0 {
		return nil
	}
	end := now.Add(life)
	return &end
}

func (s *Service) entry(ctx context.Context, m aegis.Memory) (Entry, error) {
	v, embedder, err := s.vector(ctx, m.Text)
	if err != nil {
		return Entry{}, fmt.Errorf("embed memory %s: %w", m.MemoryID, err)
	}
	return Entry{Memory: m, Vector: v, Embedder: embedder}, nil
}

// vector has length 1, or is nil for a text that says nothing. Of a text that the
// embedder fails to embed it is Hashed's; the next compaction embeds memories anew.
func (s *Service) vector(ctx context.Context, text string) (v []float32, embedder string, err error) {
	vectors, err := vectorsOf(ctx, s.Embedder, []string{text})
	if err == nil {
		return vectors[0], s.Embedder.Name(), nil
	}
	if ctx.Err() != nil {
		return nil, "", err
	}
	s.Logger.WarnContext(ctx, "embedded without the model", "embedder", s.Embedder.Name(), "error", err)
	if vectors, err = vectorsOf(ctx, Hashed{}, []string{text}); err != nil {
		return nil, "", err
	}
	return vectors[0], Hashed{}.Name(), nil
}

// vectorsOf are an embedder's vectors, checked, of length 1, or nil for a text that
// says nothing.
func vectorsOf(ctx context.Context, e Embedder, texts []string) ([][]float32, error) {
	vectors, err := e.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("embedder %s answered %d vectors for %d texts", e.Name(), len(vectors), len(texts))
	}
	for i, v := range vectors {
		if len(v) != e.Dimensions() {
			return nil, fmt.Errorf("embedder %s answered no vector of %d numbers", e.Name(), e.Dimensions())
		}
		if vectors[i], err = unit(v); err != nil {
			return nil, fmt.Errorf("embedder %s: %w", e.Name(), err)
		}
	}
	return vectors, nil
}

// Query is what an agent asks of its memory.
type Query struct {
	AgentID string
	// Kinds are those wanted; none is all.
	Kinds []aegis.MemoryKind
	// Scope is the goal at hand: its memories and those without scope are seen,
	// those of other goals never. "" sees those without scope alone.
	Scope string
	// Shared are agents, as the envelope has them, whose semantic memories without
	// scope are seen too.
	Shared []string
	// Text is what to look for; without it the newest come first.
	Text string
	// Limit is 1 to 500; 0 is 50.
	Limit  int
	Cursor string
}

// Search finds what an agent remembers, best first, and the cursor of the next
// page, "" when there is none. It reaches the window of 100 memories in each of
// the two lists that it ranks.
func (s *Service) Search(ctx context.Context, q Query) ([]aegis.Memory, string, error) {
	f := Filter{AgentID: q.AgentID, Shared: q.Shared, Kinds: q.Kinds, Scopes: []string{""}}
	if q.Scope != "" {
		f.Scopes = append(f.Scopes, q.Scope)
	}
	return s.find(ctx, f, q.Text, aegis.Page{Limit: q.Limit, Cursor: q.Cursor})
}

// ListMemories lists an agent's own memories, of all goals, for people.
func (s *Service) ListMemories(ctx context.Context, q aegis.MemoryFilter, page aegis.Page) ([]aegis.Memory, string, error) {
	f := Filter{AgentID: q.AgentID}
	if q.Kind != "" {
		f.Kinds = []aegis.MemoryKind{q.Kind}
	}
	if q.Scope != "" {
		f.Scopes = []string{q.Scope}
	}
	return s.find(ctx, f, q.Text, page)
}
