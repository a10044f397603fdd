package memory

import (
	"context"
	"errors"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
)

const (
	// maxFailures is how often embedding may fail in one compaction for its texts' sake.
	maxFailures = 16
	// anewFor is how long one compaction begins to embed texts: other work waits for it.
	anewFor = 30 * time.Second
)

// anew embeds texts again within one compaction.
type anew struct {
	*Service

	until    time.Time
	failures int
	over     bool
}

func (s *Service) newAnew() *anew { return &anew{Service: s, until: s.Now().Add(anewFor)} }

// embed returns a vector for each text, nil for one of which none is to be had now.
// Texts for which the model has no answer together are asked for by halves, so that
// one of them doesn't keep the others from theirs. When it is the model that fails,
// or the money, or it takes long, no more is asked.
func (a *anew) embed(ctx context.Context, texts []string) [][]float32 {
	none := make([][]float32, len(texts))
	if a.over || !a.Now().Before(a.until) {
		return none
	}
	vectors, err := vectorsOf(ctx, a.Embedder, texts)
	if err == nil {
		return vectors
	}
	a.failures++
	a.over = !forTexts(err) || a.failures == maxFailures
	if a.over || len(texts) == 1 {
		a.Logger.WarnContext(ctx, "memories not embedded anew", "embedder", a.Embedder.Name(), "memories", len(texts), "error", err)
		return none
	}
	half := len(texts) / 2
	return append(a.embed(ctx, texts[:half]), a.embed(ctx, texts[half:])...)
}

// forTexts says that a call may have failed for its texts: others may succeed.
func forTexts(err error) bool {
	for _, kind := range []error{aegis.ErrInvalid, model.ErrBadAnswer, model.ErrRejected, model.ErrRefused, model.ErrTooLarge} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// ready says that the embedder's name is known, for which one that never answered is
// asked once.
func (s *Service) ready(ctx context.Context) bool {
	if s.Embedder.Dimensions() > 0 {
		return true
	}
	if _, err := s.Embedder.Embed(ctx, []string{"memory"}); err != nil {
		s.Logger.WarnContext(ctx, "memories not embedded anew", "embedder", s.Embedder.Name(), "error", err)
		return false
	}
	return true
}
