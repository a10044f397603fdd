package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
)

// modelParts are what a router needs beside the configuration.
type modelParts struct {
	ledger   model.Ledger
	observer model.Observer
	// answers outlive the process.
	answers model.Answers
	// credentials are the base identity's, for Bedrock without an API key.
	credentials func(ctx context.Context) (aegis.Credentials, error)
	logger      *slog.Logger
}

// router makes the router of the configured models; nil when there are none.
func (c ModelsConfig) router(parts modelParts) (*model.Router, error) {
	if len(c.Models) == 0 {
		return nil, nil //nolint:nilnil // no models is no fault
	}
	providers := map[string]model.Provider{}
	for _, p := range c.Providers {
		provider, err := p.open(parts)
		if err != nil {
			return nil, fmt.Errorf("models.providers: %w", err)
		}
		providers[p.Name] = provider
	}
	prices, err := model.Prices()
	if err != nil {
		return nil, err
	}
	config := model.Config{Ledger: parts.ledger, Observer: parts.observer, Answers: parts.answers, Logger: parts.logger}
	for _, m := range c.Models {
		provider, ok := providers[m.Provider]
		if !ok {
			return nil, fmt.Errorf("models.models: %q is none of models.providers", m.Provider)
		}
		config.Models = append(config.Models, model.Model{
			Provider: provider, ID: m.ID, Kinds: m.Kinds, Scopes: m.Scopes, Price: m.price(prices), RPM: m.RPM, Timeout: m.timeout(),
		})
	}
	router, err := model.New(config)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	return router, nil
}

// price is the configuration's, or that of the table.
func (m ModelConfig) price(table map[string]model.Price) model.Price {
	if m.Price == nil {
		return table[m.ID]
	}
	return model.Price{Model: m.ID, InputUSD: m.Price.InputUSD, OutputUSD: m.Price.OutputUSD, Window: m.Price.Window, Source: "configuration"}
}

func (m ModelConfig) timeout() time.Duration { return cmp.Or(m.Timeout, time.Minute) }

// holdFor is how long money stays set aside for a call whose process may have
// died: longer than any call takes.
func (c ModelsConfig) holdFor() time.Duration {
	longest := time.Minute
	for _, m := range c.Models {
		longest = max(longest, m.timeout())
	}
	return longest + time.Minute
}

func (p ModelProviderConfig) open(parts modelParts) (model.Provider, error) {
	options := models.Options{Name: p.Name, BaseURL: p.BaseURL, Region: p.Region, Credentials: parts.credentials}
	if p.APIKeyFile != "" {
		options.Key = func() (string, error) { return apiKey(p.APIKeyFile) }
	}
	return models.New(p.Kind, options)
}

const maxAPIKey = 4096

// apiKey reads a key, which is one line of printable characters.
func apiKey(path string) (string, error) {
	b, err := os.ReadFile(path) //nolint:gosec // a path of our own configuration
	if err != nil {
		return "", fmt.Errorf("api_key_file: %w", err)
	}
	key := strings.TrimSpace(string(b))
	if key == "" || len(key) > maxAPIKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("api_key_file: " + path + " must hold one line of printable characters")
	}
	return key, nil
}
