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
	return writeConfig(dir, "models", map[string]any{"providers": providers, "models": models})
}

// WriteTools writes a configuration of tools into a folder, for a sandbox's --tools, and
// returns the file: those of an MCP server at a URL, whose names begin with name, and
// http_fetch.
func WriteTools(dir, name, url string) (file string, err error) {
	return writeConfig(dir, "tools", map[string]any{"mcp": []any{map[string]any{"name": name, "url": url}}})
}

// writeConfig writes one section of a configuration.
func writeConfig(dir, section string, content any) (file string, err error) {
	text, err := json.Marshal(map[string]any{section: content}) // which is YAML, too
	if err != nil {
		return "", fmt.Errorf("encode the configuration of %s: %w", section, err)
	}
	file = filepath.Join(dir, section+".yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", fmt.Errorf("write the configuration of %s: %w", section, err)
	}
	return file, nil
}
