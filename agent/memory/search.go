package memory

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// Window is how many memories each list of a search has at most.
	Window = 100
	// maxQuery bounds the text of a search, in bytes.
	maxQuery = 2 << 10
	// pageDefault and pageMax bound a page.
	pageDefault, pageMax = 50, 500
)

func (s *Service) find(ctx context.Context, f Filter, text string, page aegis.Page) ([]aegis.Memory, string, error) {
	if page.Limit == 0 {
		page.Limit = pageDefault
	}
	asked := text != ""
	text = cutBytes(Scrub(cutBytes(text, 4*maxQuery)), maxQuery)
	if err := validateQuery(f, page, asked, text); err != nil {
		return nil, "", err
	}
	f.AsOf = s.Now().UTC().Truncate(time.Microsecond)
	if !asked {
		return s.Store.ListMemories(ctx, f, page)
	}
	return s.rankedPage(ctx, f, text, page)
}

// rankedPage is a page of what fits the text. All pages of a search are as of its
// first.
func (s *Service) rankedPage(ctx context.Context, f Filter, text string, page aegis.Page) ([]aegis.Memory, string, error) {
	at := place{query: digest(f, text), asOf: f.AsOf}
	if page.Cursor != "" {
		var err error
		if at, err = parsePlace(page.Cursor, at.query, f.AsOf); err != nil {
			return nil, "", err
		}
		f.AsOf = at.asOf
	}
	v, embedder, err := s.vector(ctx, text)
	if err != nil {
		return nil, "", fmt.Errorf("embed what is searched for: %w", err)
	}
	found, err := s.Store.FindMemories(ctx, f, Probe{Vector: v, Embedder: embedder, Text: text, Window: Window})
	if err != nil {
		return nil, "", err
	}
	ranked := s.Ranking.rank(found, f.AsOf)
	if page.Cursor != "" {
		ranked = slices.DeleteFunc(ranked, func(x scored) bool { return compareScored(x, at.last) <= 0 })
	}
	next := ""
	if len(ranked) > page.Limit {
		ranked = ranked[:page.Limit]
		at.last = ranked[page.Limit-1]
		next = at.String()
	}
	memories, err := s.read(ctx, f, ranked)
	return memories, next, err
}

// read reads what was ranked, in its order. What has been forgotten meanwhile is
// left out.
func (s *Service) read(ctx context.Context, f Filter, ranked []scored) ([]aegis.Memory, error) {
	if len(ranked) == 0 {
		return nil, nil
	}
	ids := make([]string, len(ranked))
	place := map[string]int{}
	for i, x := range ranked {
		ids[i], place[x.MemoryID] = x.MemoryID, i
	}
	memories, err := s.Store.ReadMemories(ctx, f, ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(memories, func(a, b aegis.Memory) int { return place[a.MemoryID] - place[b.MemoryID] })
	for i := range memories {
		memories[i].Score = ranked[place[memories[i].MemoryID]].score
	}
	return memories, nil
}

// unit has length 1. It returns nil for a vector of nothing, and an error for one
// that has no direction.
func unit(v []float32) ([]float32, error) {
	var squares float64
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	switch {
	case squares == 0:
		return nil, nil
	case math.IsNaN(squares), math.IsInf(squares, 0):
		return nil, fmt.Errorf("a vector has numbers that are not finite")
	case math.Abs(squares-1) < 1e-5:
		return v, nil
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / math.Sqrt(squares))
	}
	return out, nil
}
