package policies_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	generate "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

// gateAnswer is what package aegis.gate must define.
type gateAnswer struct {
	Deny            []aegis.RuleResult    `json:"deny"`
	Warn            []aegis.RuleResult    `json:"warn"`
	Require         aegis.Requirements    `json:"require"`
	ExecutionPolicy aegis.ExecutionPolicy `json:"execution_policy"`
}

// driftAnswer is what package aegis.drift must define.
type driftAnswer struct {
	Decision aegis.DriftDecision `json:"decision"`
}

// agentsAnswer is what package aegis.agents must define.
type agentsAnswer struct {
	Deny            []aegis.RuleResult    `json:"deny"`
	ExecutionPolicy aegis.ExecutionPolicy `json:"execution_policy"`
}

// documents are the types of the published schemas.
func documents() map[string]any {
	return map[string]any{
		"gate.input": aegis.GateInput{}, "gate.output": gateAnswer{},
		"drift.input": aegis.DriftedAttribute{}, "drift.output": driftAnswer{},
		"agents.input": aegis.ToolInput{}, "agents.output": agentsAnswer{},
	}
}

// titles are those of the schemas, which their types don't have.
func titles() map[string]string {
	return map[string]string{
		"gate.input": "Input of package aegis.gate", "gate.output": "Answer of package aegis.gate",
		"drift.input": "Input of package aegis.drift", "drift.output": "Answer of package aegis.drift",
		"agents.input": "Input of package aegis.agents", "agents.output": "Answer of package aegis.agents",
	}
}

// Run with AEGIS_UPDATE=1 to write the schemas anew.
func TestSchemasAreOfTheTypes(t *testing.T) {
	t.Parallel()
	committed, err := policies.Schemas()
	require.NoError(t, err)
	for name, document := range documents() {
		want := schemaOf(t, name, document)
		if os.Getenv("AEGIS_UPDATE") != "" {
			file := filepath.Join("schemas", strings.ReplaceAll(name, ".", "/")+".json")
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
			require.NoError(t, os.WriteFile(file, want, 0o600))
			continue
		}
		require.Equal(t, string(want), string(committed[name]), "%s: run this test with AEGIS_UPDATE=1", name)
	}
	require.Len(t, committed, len(documents()))
}

// schemaOf generates a schema in draft 7, the newest that opa reads.
func schemaOf(t *testing.T, name string, document any) []byte {
	t.Helper()
	root := parseRoot(t)
	reflector := &generate.Reflector{
		Anonymous: true, DoNotReference: true, ExpandedStruct: true,
		CommentMap: root.comments, Mapper: root.enumerated,
	}
	schema := reflector.Reflect(document)
	schema.Version, schema.Title = "http://json-schema.org/draft-07/schema#", titles()[name]
	allowNull(reflect.TypeOf(document), schema)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(schema))
	return text.Bytes()
}

// allowNull lets what Go writes as null be null: slices, maps and pointers
// that are nil.
func allowNull(kind reflect.Type, schema *generate.Schema) {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind.Kind() == reflect.Slice && schema.Items != nil, kind.Kind() == reflect.Map && schema.AdditionalProperties != nil:
		below := schema.Items
		if below == nil {
			below = schema.AdditionalProperties
		}
		allowNull(kind.Elem(), below)
	case kind.Kind() == reflect.Struct && schema.Properties != nil:
		for field := range kind.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			property, ok := schema.Properties.Get(name)
			if !ok {
				continue
			}
			allowNull(field.Type, property)
			nilable := slices.Contains([]reflect.Kind{reflect.Slice, reflect.Map, reflect.Pointer}, field.Type.Kind())
			if nilable && property.Type != "" && slices.Contains(schema.Required, name) {
				property.Extras = map[string]any{"type": []string{property.Type, "null"}}
				property.Type = ""
			}
		}
	}
}

// source is what the root package's source says beside its types.
type source struct {
	// comments are those of types ("path.Type") and fields ("path.Type.Field").
	comments map[string]string
	// values are those of string types, by type.
	values map[string][]any
}

func parseRoot(t *testing.T) source {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	s := source{comments: map[string]string{}, values: map[string][]any{}}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok {
				s.read(general)
			}
		}
	}
	require.NotEmpty(t, s.comments)
	return s
}

func (s source) read(declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.comment(spec.Name.Name, declaration.Doc)
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, field := range structure.Fields.List {
				for _, name := range field.Names {
					s.comment(spec.Name.Name+"."+name.Name, field.Doc)
				}
			}
		case *ast.ValueSpec:
			kind, typed := spec.Type.(*ast.Ident)
			if !typed || len(spec.Values) != 1 {
				continue
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				s.values[kind.Name] = append(s.values[kind.Name], strings.Trim(literal.Value, `"`))
			}
		}
	}
}

func (s source) comment(name string, text *ast.CommentGroup) {
	s.comments["github.com/aegisworld/aegis."+name] = strings.Join(strings.Fields(text.Text()), " ")
}

// enumerated are the types that are always one of their values.
func (s source) enumerated(kind reflect.Type) *generate.Schema {
	if !slices.Contains([]string{"Action", "Source", "DriftDecision"}, kind.Name()) {
		return nil
	}
	return &generate.Schema{Type: "string", Enum: s.values[kind.Name()]}
}

func TestSchemasFitTheDocuments(t *testing.T) {
	t.Parallel()
	schemas, err := policies.Schemas()
	require.NoError(t, err)
	now := time.Date(2026, 5, 13, 10, 30, 0, 0, time.UTC)
	full := scaling(2)
	full.Now, full.Policy = now, &aegis.PolicyChange{Digest: "d", Modules: []aegis.PolicyModule{{Path: "a.rego", Action: aegis.ActionCreate}}}
	full.Drift = []byte(`{"anything": 1}`)
	full.ChangeSet.Patches = []aegis.SpecPatch{{StackID: "s", MergePatch: []byte(`{"node_min": 3}`)}}
	full.Specs = map[string]aegis.Spec{"s": {Parameters: []byte(`{}`)}}
	full.Breakers = []aegis.Breaker{{OpenedAt: now, ClosedAt: &now}}
	for name, document := range map[string]any{
		"the smallest gate.input": aegis.GateInput{Source: aegis.SourceGoal},
		"a full gate.input":       full,
		"a gate.output":           decided(t, full),
		"a drift.input":           aegis.DriftedAttribute{Change: full.Diff[0], Attribute: "desired_capacity", Before: 2, After: nil},
		"a drift.output":          driftAnswer{Decision: aegis.AdoptDrift},
		"an agents.input":         aegis.ToolInput{Tool: aegis.ToolFacts{Effect: aegis.ToolReads}},
		"an agents.output":        agentsAnswer{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			which := name[strings.LastIndex(name, " ")+1:]
			require.NoError(t, check(t, schemas[which], document))
		})
	}

	t.Run("and no other", func(t *testing.T) {
		t.Parallel()
		require.Error(t, check(t, schemas["gate.input"], map[string]any{"dif": []any{}}))
		require.Error(t, check(t, schemas["drift.output"], map[string]any{"decision": "ignore"}))
		require.Error(t, check(t, schemas["gate.output"], map[string]any{"deny": []any{}}))
	})
}

// decided is what the embedded bundle answers, without what the gate adds.
func decided(t *testing.T, in aegis.GateInput) gateAnswer {
	t.Helper()
	in.Policy = nil // for package aegis.gate, not aegis.meta
	r := newGate(t, policies.Options{}).Decide(t.Context(), in)
	require.NotEmpty(t, r.ExecutionPolicy.NetworkScope.Services)
	return gateAnswer{Deny: r.Deny, Warn: r.Warn, Require: r.Require, ExecutionPolicy: r.ExecutionPolicy}
}

func check(t *testing.T, schema []byte, document any) error {
	t.Helper()
	parsed, err := validate.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	compiler := validate.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", parsed))
	compiled, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	raw, err := json.Marshal(document)
	require.NoError(t, err)
	value, err := validate.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	return compiled.Validate(value)
}
