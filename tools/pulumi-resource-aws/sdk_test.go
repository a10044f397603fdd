package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdk is the source of pulumi-aws's Go SDK, which the stacks are written
// against.
type sdk struct {
	folder   string
	packages map[string]*sdkPackage
}

type sdkPackage struct {
	source  string
	structs map[string]*ast.StructType
}

// openSDK finds the SDK among the product's dependencies.
func openSDK(t *testing.T) *sdk {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6")
	list.Dir = "../.."
	output, err := list.Output()
	require.NoError(t, err)
	number, folder, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	require.Equal(t, "v"+version, number, "the stand-in serves the version that the stacks use")
	require.DirExists(t, folder)
	return &sdk{folder: filepath.Join(folder, "go", "aws"), packages: map[string]*sdkPackage{}}
}

// of returns the package of a token's module, such as "ec2/vpc" or "index/getRegion".
func (s *sdk) of(t *testing.T, tok string) *sdkPackage {
	t.Helper()
	name, _, _ := strings.Cut(strings.Split(tok, ":")[1], "/")
	if name == "index" {
		name = ""
	}
	if s.packages[name] == nil {
		s.packages[name] = readPackage(t, filepath.Join(s.folder, name))
	}
	return s.packages[name]
}

func readPackage(t *testing.T, folder string) *sdkPackage {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	var source strings.Builder
	p := &sdkPackage{structs: map[string]*ast.StructType{}}
	for _, name := range files {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		source.Write(content)
		parsed, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					p.structs[spec.Name.Name] = s
				}
			}
			return true
		})
	}
	p.source = source.String()
	return p
}

// properties maps the properties of a struct to their Go types.
func (p *sdkPackage) properties(t *testing.T, names ...string) map[string]ast.Expr {
	t.Helper()
	for _, name := range names {
		if s := p.structs[name]; s != nil {
			return tagged(s)
		}
	}
	require.Failf(t, "the SDK has no such struct", "%v", names)
	return nil
}

func tagged(s *ast.StructType) map[string]ast.Expr {
	properties := map[string]ast.Expr{}
	for _, field := range s.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("pulumi")
		if name, _, _ := strings.Cut(tag, ","); name != "" {
			properties[name] = field.Type
		}
	}
	return properties
}
