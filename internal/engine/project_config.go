package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/aegisworld/aegis"
)

// maxProjectFile bounds Pulumi.yaml and a stack's own file, in bytes.
const maxProjectFile = 1 << 20

// projectFile is Pulumi.yaml, the parts that matter.
type projectFile struct {
	Name    string `yaml:"name"`
	Backend struct {
		URL string `yaml:"url"`
	} `yaml:"backend"`
	Config         yaml.Node `yaml:"config"`
	StackConfigDir string    `yaml:"stackConfigDir"`
}

// stackFile is Pulumi.<stack>.yaml, all of it.
type stackFile = map[string]any

// projectConfig is what a project's files say of a stack.
type projectConfig struct {
	file projectFile
	// name is the path of the stack's own file in the project.
	name  string
	stack stackFile
}

// readProject reads a project's files below dir in root.
func readProject(root *os.Root, dir, stack string) (projectConfig, error) {
	var c projectConfig
	text, err := firstOf(root, dir, "Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
	if errors.Is(err, fs.ErrNotExist) {
		return c, aegis.Invalid("source", "is no Pulumi project: it has no Pulumi.yaml")
	}
	if err != nil {
		return c, fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	if err := yaml.Unmarshal(text, &c.file); err != nil {
		return c, aegis.Invalid("source", "Pulumi.yaml can't be read: "+clean(err.Error()))
	}
	if !stackName.MatchString(c.file.Name) {
		return c, aegis.Invalid("source", "Pulumi.yaml names no project")
	}
	folder := c.file.StackConfigDir
	if c.file.Config.Kind == yaml.ScalarNode {
		folder = nonEmpty(folder, c.file.Config.Value) // as older projects say it
	}
	if folder != "" && !fs.ValidPath(path.Clean(folder)) {
		return c, aegis.Invalid("source", "Pulumi.yaml keeps its stacks' files outside of the project")
	}
	c.name, c.stack = path.Join(dir, folder, "Pulumi."+stack+".yaml"), stackFile{}
	text, err = readWithin(root, c.name, maxProjectFile)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read %s: %w", path.Base(c.name), err)
	}
	if err := yaml.Unmarshal(text, &c.stack); err != nil {
		return c, aegis.Invalid("source", path.Base(c.name)+" can't be read: "+clean(err.Error()))
	}
	if c.stack["environment"] != nil {
		return c, aegis.Invalid("source", path.Base(c.name)+" imports environments of Pulumi Cloud, which is not supported")
	}
	return c, nil
}

func firstOf(root *os.Root, dir string, names ...string) ([]byte, error) {
	for _, name := range names {
		b, err := readWithin(root, path.Join(dir, name), maxProjectFile)
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	return nil, fs.ErrNotExist
}

// values are the stack's configuration by full key.
func (c projectConfig) values() map[string]any {
	values, _ := c.stack["config"].(map[string]any)
	return values
}

// encrypted says that a value has a secret somewhere in it.
func encrypted(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		_, secure := v["secure"].(string)
		return secure && len(v) == 1 || slices.ContainsFunc(slices.Collect(maps.Values(v)), encrypted)
	case []any:
		return slices.ContainsFunc(v, encrypted)
	default:
		return false
	}
}

// variables are the keys that the project declares or the stack sets.
func (c projectConfig) variables() []aegis.WorkspaceVariable {
	found := map[string]aegis.WorkspaceVariable{}
	declared := map[string]yaml.Node{}
	_ = c.file.Config.Decode(&declared) // a scalar is a folder's name
	for name, node := range declared {
		if !strings.Contains(name, ":") {
			name = c.file.Name + ":" + name
		}
		var of struct {
			Type    string `yaml:"type"`
			Secret  bool   `yaml:"secret"`
			Default any    `yaml:"default"`
			Value   any    `yaml:"value"`
		}
		plain := node.Decode(&of) != nil // a value in place of a description
		v := aegis.WorkspaceVariable{Name: name, Type: of.Type, Sensitive: of.Secret, Required: !plain && of.Default == nil && of.Value == nil}
		found[name] = v
	}
	for name, value := range c.values() {
		v := found[name]
		v.Name, v.Sensitive = name, v.Sensitive || encrypted(value)
		found[name] = v
	}
	all := make([]aegis.WorkspaceVariable, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all
}

// sensitive says of each key whether it is a secret.
func (c projectConfig) sensitive() map[string]bool {
	sensitive := map[string]bool{}
	for _, v := range c.variables() {
		sensitive[v.Name] = v.Sensitive
	}
	return sensitive
}

// parameters are the values that are no secrets.
func (c projectConfig) parameters() (json.RawMessage, error) {
	values, sensitive := map[string]any{}, c.sensitive()
	for name, value := range c.values() {
		if !sensitive[name] && value != nil {
			values[name] = value
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return nil, aegis.Invalid("source", "the stack's configuration can't be written as JSON")
	}
	return text, nil
}

// set makes the plain values those of a spec. Secrets stay as they are.
func (c projectConfig) set(parameters json.RawMessage) error {
	if len(parameters) == 0 {
		return nil
	}
	var wanted map[string]any
	if err := json.Unmarshal(parameters, &wanted); err != nil {
		return aegis.Invalid("parameters", "must be an object of configuration values")
	}
	values, sensitive := map[string]any{}, c.sensitive()
	for name, value := range c.values() {
		if sensitive[name] {
			values[name] = value
		}
	}
	var faults aegis.InvalidError
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch secret, known := sensitive[name]; {
		case !known:
			faults.Add("parameters."+name, "neither Pulumi.yaml nor the stack's own file has such a key")
		case secret || encrypted(wanted[name]):
			faults.Add("parameters."+name, "is a secret: keep it in the stack's own file")
		default:
			values[name] = whole(wanted[name])
		}
	}
	c.stack["config"] = values
	return faults.OrNil()
}

// whole makes integers of numbers that are.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		if n := int64(v); float64(n) == v {
			return n
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	}
	return v
}
