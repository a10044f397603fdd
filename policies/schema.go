package policies

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// published are JSON Schemas, one file each: schemas/gate/input.json is
// schema.gate.input in a schemas annotation, here as for opa check --schema.
// They are written from the Go types by TestSchemasAreOfTheTypes.
//
//go:embed schemas
var published embed.FS

// Schemas are the published JSON Schemas by the name that annotations give
// them, such as "gate.input": the documents that packages aegis.gate, aegis.drift
// and aegis.agents are asked about ("input") and answer with ("output").
func Schemas() (map[string][]byte, error) {
	schemas := map[string][]byte{}
	err := fs.WalkDir(published, "schemas", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := published.ReadFile(file)
		name := strings.TrimSuffix(strings.TrimPrefix(file, "schemas/"), path.Ext(file))
		schemas[strings.ReplaceAll(name, "/", ".")] = text
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the embedded schemas: %w", err)
	}
	return schemas, nil
}

// schemaSet is Schemas in the form that compilers take.
func schemaSet() (*ast.SchemaSet, error) {
	schemas, err := Schemas()
	if err != nil {
		return nil, err
	}
	set := ast.NewSchemaSet()
	for name, text := range schemas {
		var schema any
		if err := util.NewJSONDecoder(bytes.NewReader(text)).Decode(&schema); err != nil {
			return nil, fmt.Errorf("read the embedded schema %s: %w", name, err)
		}
		ref := ast.SchemaRootRef.Copy()
		for part := range strings.SplitSeq(name, ".") {
			ref = ref.Append(ast.StringTerm(part))
		}
		set.Put(ref, schema)
	}
	return set, nil
}

// NewCompiler makes a compiler of bundles: with Capabilities, and with the
// types of the schemas wherever a schemas annotation names one.
func NewCompiler() (*ast.Compiler, error) {
	set, err := schemaSet()
	if err != nil {
		return nil, err
	}
	return ast.NewCompiler().WithCapabilities(pureCapabilities()).WithSchemas(set).WithUseTypeCheckAnnotations(true), nil
}
