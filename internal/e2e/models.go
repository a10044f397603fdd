package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// ModelUSD is what a million tokens cost of the models that WriteModels names, in US
// dollars.
const ModelUSD = 1.0

// Model is one that a sandbox may ask to understand goals, at a server of the test's.
// One that has a region is asked in signed calls, others with a key.
type Model struct{ Kind, BaseURL, ID, Region string }

// WriteModels writes a configuration of models into a folder, for a sandbox's
// --models, and returns the file. Each model's provider has the name of its kind.
func WriteModels(dir string, list ...Model) (file string, err error) {
	key := filepath.Join(dir, "model-key")
	if err := os.WriteFile(key, []byte("sk-test-0123456789"), 0o600); err != nil {
		return "", fmt.Errorf("write the models' key: %w", err)
	}
	var providers, models []any
	for _, m := range list {
		provider := map[string]any{"name": m.Kind, "kind": m.Kind, "base_url": m.BaseURL}
		if m.Region != "" {
			provider["region"] = m.Region
		} else {
			provider["api_key_file"] = key
		}
		providers = append(providers, provider)
		models = append(models, map[string]any{
			"provider": m.Kind, "id": m.ID, "kinds": []string{"understand"},
			"price": map[string]any{"input_usd": ModelUSD, "output_usd": ModelUSD, "window": 100_000},
		})
	}
	text, err := json.Marshal(map[string]any{"models": map[string]any{"providers": providers, "models": models}}) // which is YAML, too
	if err != nil {
		return "", fmt.Errorf("encode the models' configuration: %w", err)
	}
	file = filepath.Join(dir, "models.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", fmt.Errorf("write the models' configuration: %w", err)
	}
	return file, nil
}
