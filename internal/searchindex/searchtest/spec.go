package searchtest

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const module = "github.com/opensearch-project/opensearch-go/v4"

// spec is the OpenAPI description of OpenSearch that comes with its client.
type spec struct {
	document map[string]any
	compiler *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
}

// theSpec is read once: it has three megabytes.
var theSpec = sync.OnceValues(func() (*spec, error) { //nolint:gochecknoglobals // as cached as the tests' databases
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "opensearch-openapi.yaml"))
	if err != nil {
		return nil, err
	}
	s := &spec{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	if err := yaml.Unmarshal(text, &s.document); err != nil {
		return nil, err
	}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	return s, s.compiler.AddResource("openapi.json", s.document)
})

// at follows a JSON pointer's tokens, and the references on the way.
func (s *spec) at(tokens ...string) (map[string]any, []string) {
	current, place := any(s.document), []string{}
	for _, token := range tokens {
		object, _ := current.(map[string]any)
		current, place = object[token], append(place, token)
		for {
			object, _ := current.(map[string]any)
			ref, ok := object["$ref"].(string)
			if !ok {
				break
			}
			place = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			found, _ := s.at(place...)
			current = found
		}
	}
	object, _ := current.(map[string]any)
	return object, place
}

// operation is that of a path template and a method; ok is false for what
// OpenSearch has not.
func (s *spec) operation(template, method string) (map[string]any, bool) {
	found, _ := s.at("paths", template, strings.ToLower(method))
	return found, found != nil
}

// parameters are the names that a query of an operation may have.
func (s *spec) parameters(operation map[string]any) map[string]bool {
	names := map[string]bool{}
	list, _ := operation["parameters"].([]any)
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		if ref, ok := object["$ref"].(string); ok {
			object, _ = s.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		if name, ok := object["name"].(string); ok && object["in"] == "query" {
			names[name] = true
		}
	}
	return names
}

// check validates a value by the schema at a place of the document.
func (s *spec) check(tb testing.TB, value any, tokens ...string) error {
	tb.Helper()
	found, place := s.at(tokens...)
	require.NotNil(tb, found, "the description has %v", tokens)
	escaped := make([]string, len(place))
	for i, token := range place {
		escaped[i] = url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	pointer := "openapi.json#/" + strings.Join(escaped, "/")
	s.mu.Lock()
	schema, err := s.schemas[pointer], error(nil)
	if schema == nil {
		schema, err = s.compiler.Compile(pointer)
		s.schemas[pointer] = schema
	}
	s.mu.Unlock()
	require.NoError(tb, err)
	return schema.Validate(value)
}
