package app

import (
	"slices"

	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
)

// minEmbedWindow is the least window of a model that embeds, in tokens: with what is
// reserved around a text, a short one fits.
const minEmbedWindow = 512

func (m ModelConfig) embeds() bool { return slices.Contains(m.Kinds, model.KindEmbed) }

// checkEmbed checks what a model needs that embeds memories.
func (m ModelConfig) checkEmbed(at, provider string, price model.Price, bad func(format string, args ...any)) {
	if provider != "" && provider != models.OpenAI {
		bad("%s.kinds: providers of kind %q make no vectors, leave out embed", at, provider)
	}
	if len(m.Scopes) > 0 && !slices.Contains(m.Scopes, memory.DataScope()) {
		bad("%s.scopes: a model that embeds has to see %q", at, memory.DataScope())
	}
	if price.Window > 0 && price.Window < minEmbedWindow {
		bad("%s.price.window: a model that embeds needs %d tokens", at, minEmbedWindow)
	}
}

// embedder asks the first model that names embed; nil is none. Vectors of several
// can't be compared, so no other takes its place.
func (c ModelsConfig) embedder(router *model.Router) (memory.Embedder, error) {
	i := slices.IndexFunc(c.Models, ModelConfig.embeds)
	if i < 0 {
		return nil, nil //nolint:nilnil // memory has its own
	}
	prices, err := model.Prices()
	if err != nil {
		return nil, err
	}
	m := c.Models[i]
	return memory.NewAsked(memory.AskedConfig{Models: router, Model: m.Provider + "/" + m.ID, Window: m.price(prices).Window}), nil
}
