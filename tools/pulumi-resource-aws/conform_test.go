package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// property is a part of a Pulumi schema.
type property struct {
	Type       string    `json:"type"`
	Ref        string    `json:"$ref"`
	Items      *property `json:"items"`
	Additional *property `json:"additionalProperties"`
}

type properties map[string]*property

// packageSchema is what `pulumi-resource-aws schema` prints.
type packageSchema struct {
	Provider struct {
		Inputs properties `json:"inputProperties"`
	} `json:"provider"`
	Resources map[string]struct {
		Inputs  properties `json:"inputProperties"`
		Outputs properties `json:"properties"`
	} `json:"resources"`
	Functions map[string]struct {
		Inputs struct {
			Properties properties `json:"properties"`
		} `json:"inputs"`
		Outputs struct {
			Properties properties `json:"properties"`
		} `json:"outputs"`
	} `json:"functions"`
	Types map[string]struct {
		Properties properties `json:"properties"`
	} `json:"types"`
}

// TestSchemaConforms compares every property with the SDK's Go types: one that
// is named or shaped otherwise would be lost between program and provider.
// fields.go makes the schema what the SDK is. What pulumi-aws adds to Terraform's
// provider by patches can't be served; it is named by added, and strict refuses
// it as an input.
func TestSchemaConforms(t *testing.T) {
	t.Parallel()
	info, _, err := newBridge(t).info(t.Context())
	require.NoError(t, err)
	encoded, err := pulumiSchema(info)
	require.NoError(t, err)
	var schema packageSchema
	require.NoError(t, json.Unmarshal(encoded, &schema))
	require.Len(t, schema.Resources, len(resourceTokens()))
	require.Len(t, schema.Functions, len(dataTokens()))

	c := &comparison{schema: schema}
	source := openSDK(t)
	for tok, resource := range schema.Resources {
		p := source.of(t, tok)
		require.Contains(t, p.source, fmt.Sprintf("%q", tok))
		name := tok[strings.LastIndex(tok, ":")+1:]
		lower := strings.ToLower(name[:1]) + name[1:]
		c.compare(p, tok+" input ", resource.Inputs, p.properties(t, lower+"Args"))
		c.compare(p, tok+" output ", resource.Outputs, p.properties(t, lower+"State"))
	}
	for tok, function := range schema.Functions {
		p := source.of(t, tok)
		require.Contains(t, p.source, fmt.Sprintf("%q", tok))
		name := strings.TrimPrefix(tok[strings.LastIndex(tok, ":")+1:], "get")
		if inputs := function.Inputs.Properties; len(inputs) > 0 {
			c.compare(p, tok+" argument ", inputs, p.properties(t, "Get"+name+"Args", "Lookup"+name+"Args"))
		}
		c.compare(p, tok+" result ", function.Outputs.Properties, p.properties(t, "Get"+name+"Result", "Lookup"+name+"Result"))
	}
	config := source.of(t, "aws:index/provider:Provider")
	c.compare(config, "provider ", schema.Provider.Inputs, config.properties(t, "providerArgs"))

	slices.Sort(c.differences)
	require.Empty(t, c.differences, strings.Join(c.differences, "\n"))
	require.Greater(t, c.compared, 2500, "properties were compared")
}

// added are the properties that only pulumi-aws's own provider has.
func added() []string {
	return []string{
		"aws:eks/cluster:Cluster input defaultAddonsToRemoves",
		"aws:eks/cluster:Cluster output certificateAuthority",
		"aws:eks/cluster:Cluster output defaultAddonsToRemoves",
	}
}

// comparison collects the differences between the schema and the SDK.
type comparison struct {
	schema      packageSchema
	compared    int
	differences []string
	// within are the SDK's types around the one that is compared.
	within []string
}

func (c *comparison) differ(path, what string) {
	c.differences = append(c.differences, path+" "+what)
}

// compare wants the same names on both sides, with the same shapes.
func (c *comparison) compare(p *sdkPackage, path string, ours properties, theirs map[string]ast.Expr) {
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if mine, ok := ours[name]; ok {
			c.shape(p, path+name, mine, theirs[name])
		} else if !c.unrolled() && !slices.Contains(added(), path+name) {
			c.differ(path+name, "is in the SDK only")
		}
	}
	for name := range ours {
		if _, ok := theirs[name]; !ok {
			c.differ(path+name, "is not in the SDK")
		}
	}
}

// unrolled says that the SDK's type is within itself, such as a statement of a web
// ACL. Terraform's has an end: each turn may lack what nests deeper.
func (c *comparison) unrolled() bool {
	last := len(c.within) - 1
	return last >= 0 && slices.Contains(c.within[:last], c.within[last])
}

func (c *comparison) shape(p *sdkPackage, path string, mine *property, theirs ast.Expr) {
	c.compared++
	switch their := theirs.(type) {
	case *ast.StarExpr:
		c.shape(p, path, mine, their.X)
	case *ast.ArrayType:
		if mine.Type != "array" {
			c.differ(path, "is a list in the SDK, here "+mine.Type+mine.Ref)
			return
		}
		c.shape(p, path+"[]", mine.Items, their.Elt)
	case *ast.MapType:
		if mine.Type != "object" || mine.Additional == nil {
			c.differ(path, "is a map in the SDK, here "+mine.Type+mine.Ref)
			return
		}
		c.shape(p, path+"{}", mine.Additional, their.Value)
	case *ast.Ident:
		c.named(p, path, mine, their.Name)
	case *ast.InterfaceType:
		// The SDK takes anything, such as a policy as text or as an object; text is what is sent.
		if mine.Type != "string" {
			c.differ(path, "is anything in the SDK, here "+mine.Type+mine.Ref)
		}
	default:
		c.differ(path, fmt.Sprintf("has a type that this test does not know: %T", theirs))
	}
}

// named compares a basic type or a struct of the same package.
func (c *comparison) named(p *sdkPackage, path string, mine *property, name string) {
	if s := p.structs[name]; s != nil {
		if mine.Ref == "" {
			c.differ(path, "is an object in the SDK, here "+mine.Type)
			return
		}
		c.within = append(c.within, name)
		defer func() { c.within = c.within[:len(c.within)-1] }()
		c.compare(p, path+".", c.schema.Types[strings.TrimPrefix(mine.Ref, "#/types/")].Properties, tagged(s))
		return
	}
	wanted := map[string]string{"string": "string", "bool": "boolean", "int": "number", "float64": "number"}[name]
	if wanted == "" {
		wanted = "string" // the SDK's enumerations, such as Region, are strings
	}
	kind := mine.Type
	if kind == "integer" {
		kind = "number" // both are JSON numbers on the wire
	}
	if kind != wanted {
		c.differ(path, fmt.Sprintf("is %s in the SDK, here %s%s", name, mine.Type, mine.Ref))
	}
}
