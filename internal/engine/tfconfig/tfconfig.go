// Package tfconfig reads what has to be known of a Terraform configuration
// before Terraform runs: its variables, its backend and its local modules.
package tfconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"

	"github.com/aegisworld/aegis"
)

// Config is a root module, or any other.
type Config struct {
	// Variables are sorted by name.
	Variables []aegis.WorkspaceVariable
	// Backend is the type of the backend, "" without a backend block, and Settings
	// the constant strings in it.
	Backend  string
	Settings map[string]string
	// Modules are the local sources of module calls, such as "../vpc".
	Modules []string
	// Moves says that there are moved blocks.
	Moves bool
	// Providers are the provider blocks, and Sources the sources of providers by
	// their names, as they are written.
	Providers []Provider
	Sources   map[string]string

	locals map[string]hcl.Expression
	// overridden says that override files have a say in providers or locals.
	overridden bool
}

// maxFile bounds a file of a configuration, in bytes.
const maxFile = 4 << 20

// Read reads the configuration files of a folder. A file that can't be parsed is
// an aegis.InvalidError that names file and line.
func Read(files fs.FS, dir string) (Config, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return Config{}, fmt.Errorf("read the Terraform configuration: %w", err)
	}
	c := Config{Settings: map[string]string{}}
	parser := hclparse.NewParser()
	var overrides []string
	found := false
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !isConfig(name) {
			continue
		}
		found = true
		if isOverride(name) {
			overrides = append(overrides, name)
			continue
		}
		if err := c.file(parser, files, path.Join(dir, name)); err != nil {
			return Config{}, err
		}
	}
	for _, name := range overrides { // they come last, and win
		if err := c.file(parser, files, path.Join(dir, name)); err != nil {
			return Config{}, err
		}
	}
	if !found {
		return Config{}, aegis.Invalid("source", "the folder has no Terraform configuration")
	}
	slices.SortFunc(c.Variables, func(a, b aegis.WorkspaceVariable) int { return strings.Compare(a.Name, b.Name) })
	return c, nil
}

func isConfig(name string) bool {
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json"))
}

func isOverride(name string) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".tf")
	return base == "override" || strings.HasSuffix(base, "_override")
}

func (c *Config) file(parser *hclparse.Parser, files fs.FS, name string) error {
	src, err := readBounded(files, name)
	if err != nil {
		return err
	}
	parse := parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		parse = parser.ParseJSON
	}
	file, faults := parse(src, path.Base(name))
	if faults.HasErrors() {
		return invalid(faults)
	}
	content, _, faults := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "terraform"},
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "module", LabelNames: []string{"name"}},
		{Type: "moved"},
		{Type: "provider", LabelNames: []string{"name"}},
		{Type: "locals"},
	}})
	if faults.HasErrors() {
		return invalid(faults)
	}
	for _, block := range content.Blocks {
		switch block.Type {
		case "terraform":
			c.terraform(block)
		case "variable":
			c.variable(block, src)
		case "moved":
			c.Moves = true
		case "provider":
			c.provider(block, isOverride(path.Base(name)))
		case "locals":
			c.overridden = c.overridden || isOverride(path.Base(name))
			c.local(block)
		case "module":
			if source := c.attributes(block, "source")["source"]; strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
				c.Modules = append(c.Modules, source)
			}
		}
	}
	return nil
}

func readBounded(files fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return nil, fmt.Errorf("read the Terraform configuration: %w", err)
	}
	if info.Size() > maxFile {
		return nil, aegis.Invalid("source", fmt.Sprintf("%s is larger than %d bytes", name, maxFile))
	}
	src, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("read the Terraform configuration: %w", err)
	}
	return src, nil
}

// invalid is what the parser complains about, with file and line but without
// the text itself, which may be secret.
func invalid(faults hcl.Diagnostics) error {
	for _, d := range faults {
		if d.Severity != hcl.DiagError {
			continue
		}
		at := ""
		if d.Subject != nil {
			at = fmt.Sprintf("%s:%d: ", d.Subject.Filename, d.Subject.Start.Line)
		}
		return aegis.Invalid("source", at+d.Summary+": "+d.Detail)
	}
	return errors.New("the configuration can't be parsed")
}

func (c *Config) terraform(block *hcl.Block) {
	content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"}, {Type: "required_providers"},
	}})
	for _, b := range content.Blocks {
		if b.Type == "required_providers" {
			c.require(b.Body)
			continue
		}
		if b.Type == "cloud" {
			c.Backend, c.Settings = "cloud", map[string]string{}
			continue
		}
		c.Backend, c.Settings = b.Labels[0], map[string]string{}
		for name, attribute := range justAttributes(b.Body) {
			if v, ok := constant(attribute); ok {
				c.Settings[name] = v
			}
		}
	}
}

func (c *Config) variable(block *hcl.Block, src []byte) {
	content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "type"}, {Name: "sensitive"}, {Name: "ephemeral"}, {Name: "default"},
	}})
	v := aegis.WorkspaceVariable{Name: block.Labels[0], Required: content.Attributes["default"] == nil}
	if t := content.Attributes["type"]; t != nil {
		v.Type = strings.Join(strings.Fields(strings.Trim(string(t.Expr.Range().SliceBytes(src)), `"`)), " ")
	}
	for _, name := range []string{"sensitive", "ephemeral"} {
		if a := content.Attributes[name]; a != nil {
			value, ok := constant(a)
			v.Sensitive = v.Sensitive || !ok || value == "true"
		}
	}
	c.Variables = slices.DeleteFunc(c.Variables, func(o aegis.WorkspaceVariable) bool { return o.Name == v.Name })
	c.Variables = append(c.Variables, v)
}

// attributes are the constant ones among those named.
func (c *Config) attributes(block *hcl.Block, names ...string) map[string]string {
	schema := &hcl.BodySchema{}
	for _, name := range names {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, _, _ := block.Body.PartialContent(schema)
	out := map[string]string{}
	for name, attribute := range content.Attributes {
		if v, ok := constant(attribute); ok {
			out[name] = v
		}
	}
	return out
}

func justAttributes(body hcl.Body) hcl.Attributes {
	attributes, _ := body.JustAttributes() // what is a block is left out
	return attributes
}

// constant is the value of an attribute that needs no evaluation, as text.
func constant(a *hcl.Attribute) (string, bool) {
	v, faults := a.Expr.Value(nil)
	if faults.HasErrors() || v.IsNull() || !v.IsKnown() {
		return "", false
	}
	switch v.Type() {
	case cty.String:
		return v.AsString(), true
	case cty.Bool:
		if v.True() {
			return "true", true
		}
		return "false", true
	default:
		return "", false
	}
}
