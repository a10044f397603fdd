package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// oneModel writes a configuration with nothing but one of another's models into a
// folder, and returns the file.
func oneModel(file, id, dir string) (string, error) {
	if file == "" {
		return "", fmt.Errorf("--model %s needs --config FILE, a configuration that has it under models: see docs/agents.md", id)
	}
	c, err := LoadConfig(file, func(string) string { return "" })
	if err != nil {
		return "", err
	}
	var known []string
	for _, m := range c.Models.Models {
		known = append(known, m.ID)
	}
	c.Models.Models = slices.DeleteFunc(c.Models.Models, func(m ModelConfig) bool { return m.ID != id })
	if len(c.Models.Models) == 0 {
		return "", fmt.Errorf("models.models of %s has no %q; it has: %s", file, id, strings.Join(known, ", "))
	}
	text, err := yaml.Marshal(map[string]ModelsConfig{"models": c.Models})
	if err != nil {
		return "", fmt.Errorf("write the model's configuration: %w", err)
	}
	path := filepath.Join(dir, "models.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("write the model's configuration: %w", err)
	}
	return path, nil
}
