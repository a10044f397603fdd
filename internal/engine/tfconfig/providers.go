package tfconfig

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Provider is a provider block.
type Provider struct {
	Name, Alias string
	Body        hcl.Body
}

// defaultHost and defaultNamespace complete a provider's source.
const (
	defaultHost      = "registry.terraform.io"
	defaultNamespace = "hashicorp"
)

// Provider returns the body of the block that configures a provider, empty when
// there is none; source is a full one, such as
// registry.terraform.io/hashicorp/aws. False says that it is not plain which
// one that is.
func (c Config) Provider(source, alias string) (hcl.Body, bool) {
	if c.overridden {
		return nil, false
	}
	body, found := hcl.EmptyBody(), 0
	for _, p := range c.Providers {
		if c.source(p.Name) == source && p.Alias == alias {
			body, found = p.Body, found+1
		}
	}
	return body, found == 1 || found == 0 && alias == ""
}

// source is the full source of a provider by its name in the configuration.
func (c Config) source(name string) string {
	source := c.Sources[name]
	if source == "" {
		source = name
	}
	parts := strings.Split(strings.ToLower(source), "/")
	switch len(parts) {
	case 1:
		parts = append([]string{defaultHost, defaultNamespace}, parts...)
	case 2:
		parts = append([]string{defaultHost}, parts...)
	}
	return strings.Join(parts, "/")
}

// provider takes in a provider block.
func (c *Config) provider(block *hcl.Block, override bool) {
	p := Provider{Name: block.Labels[0], Alias: c.attributes(block, "alias")["alias"], Body: block.Body}
	c.Providers = append(c.Providers, p)
	c.overridden = c.overridden || override
}

// local takes in a locals block.
func (c *Config) local(block *hcl.Block) {
	if c.locals == nil {
		c.locals = map[string]hcl.Expression{}
	}
	for name, attribute := range justAttributes(block.Body) {
		c.locals[name] = attribute.Expr
	}
}

// require takes in the sources of required_providers.
func (c *Config) require(body hcl.Body) {
	for name, attribute := range justAttributes(body) {
		pairs, faults := hcl.ExprMap(attribute.Expr)
		if faults.HasErrors() {
			continue // the old form, a version
		}
		for _, pair := range pairs {
			if hcl.ExprAsKeyword(pair.Key) == "source" {
				if v, faults := pair.Value.Value(nil); !faults.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
					if c.Sources == nil {
						c.Sources = map[string]string{}
					}
					c.Sources[name] = v.AsString()
				}
			}
		}
	}
}

// Values are what expressions may refer to: the given variables, the name of the
// workspace, and the locals that follow from them without a function.
func (c Config) Values(variables map[string]cty.Value, workspace string) map[string]cty.Value {
	locals := map[string]cty.Value{}
	values := map[string]cty.Value{
		"var":       cty.ObjectVal(variables),
		"local":     cty.EmptyObjectVal,
		"terraform": cty.ObjectVal(map[string]cty.Value{"workspace": cty.StringVal(workspace)}),
	}
	if c.overridden {
		return values
	}
	for found := true; found; {
		found = false
		for name, expression := range c.locals {
			if _, known := locals[name]; known {
				continue
			}
			if v, faults := expression.Value(&hcl.EvalContext{Variables: values}); !faults.HasErrors() && v.IsWhollyKnown() {
				locals[name], found = v, true
			}
		}
		values["local"] = cty.ObjectVal(locals)
	}
	return values
}
