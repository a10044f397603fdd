package engine

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfplugin"
)

// proveClean reads the workspace's resources, or the targets among them, through
// their providers and compares them with the state. It returns an error unless
// all are as the state has them, and nothing but the cloud can have changed
// since Terraform itself looked.
func (t *terraformEngine) proveClean(ctx context.Context, w *tfWorkspace) (aegis.Observation, error) {
	state, err := w.readState(ctx)
	if err != nil {
		return aegis.Observation{}, err
	}
	sight, err := w.sight(state)
	if err != nil {
		return aegis.Observation{}, err
	}
	if w.mark().Sight != sight {
		return aegis.Observation{}, unproven("it changed since Terraform looked")
	}
	groups, err := w.reads(state)
	if err != nil {
		return aegis.Observation{}, err
	}
	for _, group := range groups {
		if err := t.readGroup(ctx, w, state, group); err != nil {
			return aegis.Observation{}, err
		}
	}
	return w.observation(state), nil
}

// readState reads the state without Terraform.
func (w *tfWorkspace) readState(ctx context.Context) (tfState, error) {
	var data []byte
	var err error
	switch {
	case w.local != nil:
		data, err = w.local.read(w.home, w.local.copied)
	case w.cfg.ReadState != nil:
		data, err = w.cfg.ReadState(ctx, w.run)
	default:
		err = unproven("its state is out of reach")
	}
	if err != nil {
		return tfState{}, err
	}
	if len(data) == 0 || blank(data) {
		return tfState{}, unproven("its state is empty")
	}
	return decodeState(data)
}

// tfReads are the resources that one provider configuration reads.
type tfReads struct {
	source, alias string
	resources     []tfRead
}

type tfRead struct {
	address string
	tfplugin.Resource
}

// reads prepares the reads of a state, by their providers.
func (w *tfWorkspace) reads(state tfState) ([]tfReads, error) {
	var groups []tfReads
	for _, r := range state.Resources {
		if r.Mode != "managed" {
			continue
		}
		for _, i := range r.Instances {
			address := instanceAddress(r.Module, r.Mode, r.Type, r.Name, i.IndexKey)
			if i.Deposed != "" || i.Status != "" || len(i.Attributes) == 0 {
				return nil, unproven("%s is irregular", address)
			}
			if !w.targeted(address) || r.Provider == builtin && r.Type == "terraform_data" { // which is in the state alone
				continue
			}
			g, err := groupOf(&groups, r.Provider, address)
			if err != nil {
				return nil, err
			}
			g.resources = append(g.resources, tfRead{address, tfplugin.Resource{
				Type: r.Type, SchemaVersion: i.SchemaVersion, Attributes: i.Attributes, Private: i.Private,
			}})
		}
	}
	return groups, nil
}

// groupOf finds the group of a provider, or adds one.
func groupOf(groups *[]tfReads, provider, address string) (*tfReads, error) {
	source, alias, ok := providerOf(provider)
	if !ok {
		return nil, unproven("the provider of %s is configured in a module", address)
	}
	i := slices.IndexFunc(*groups, func(g tfReads) bool { return g.source == source && g.alias == alias })
	if i < 0 {
		i, *groups = len(*groups), append(*groups, tfReads{source: source, alias: alias})
	}
	return &(*groups)[i], nil
}

func (w *tfWorkspace) targeted(address string) bool {
	return len(w.run.Targets) == 0 || slices.ContainsFunc(w.run.Targets, func(target string) bool { return covers(target, address) })
}

// builtin is Terraform's own provider, which is no process.
const builtin = `provider["terraform.io/builtin/terraform"]`

// covers says that a target is an address, or the resource or module of one.
func covers(target, address string) bool {
	return address == target || strings.HasPrefix(address, target+"[") || strings.HasPrefix(address, target+".")
}

// providerOf takes a provider of the root module apart, as a state has it:
// provider["registry.terraform.io/hashicorp/aws"].west.
func providerOf(s string) (source, alias string, ok bool) {
	m := regexp.MustCompile(`^provider\["([A-Za-z0-9._/-]+)"\](?:\.([A-Za-z0-9_-]+))?$`).FindStringSubmatch(s)
	if m == nil || slices.Contains(strings.Split(m[1], "/"), "..") || strings.Count(m[1], "/") != 2 {
		return "", "", false
	}
	return m[1], m[2], true
}

// readGroup reads, several at a time, until one differs.
func (t *terraformEngine) readGroup(ctx context.Context, w *tfWorkspace, state tfState, g tfReads) error {
	body, ok := w.config.Provider(g.source, g.alias)
	if !ok {
		return unproven("the configuration of its provider is not plain")
	}
	binary, err := w.binary(g.source)
	if err != nil {
		return err
	}
	values, err := w.values()
	if err != nil {
		return err
	}
	reader, release, err := t.readers.acquire(ctx, tfReaderWanted{
		run: w.run, binary: binary, version: state.TerraformVersion,
		config: func(s tfplugin.Schema) ([]byte, error) { return s.Decode(body, values) },
	})
	if err != nil {
		return err
	}
	defer release()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readsAtOnce)
	for _, r := range g.resources {
		group.Go(func() error { return r.compare(ctx, reader) })
	}
	return group.Wait()
}

// compare reads one resource.
func (r tfRead) compare(ctx context.Context, provider *tfplugin.Provider) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	found, err := provider.Read(ctx, r.Resource)
	switch {
	case err != nil:
		if busy := throttled(r.address, err.Error()); busy != nil {
			return busy
		}
		return unproven("%s can't be read", r.address)
	case found.Same:
		return nil
	case found.After == nil:
		return unproven("%s is gone", r.address)
	}
	if name, differs := firstDifference(aegis.ResourceChange{Type: r.Type, Before: found.Before, After: found.After}); differs {
		return unproven("%s differs in %s", r.address, name)
	}
	return nil
}

// values are what the configuration of providers may refer to. The spec's
// parameters win over all other values of variables; a variable that has none
// there is not known.
func (w *tfWorkspace) values() (map[string]cty.Value, error) {
	parameters := map[string]json.RawMessage{}
	if len(w.run.Spec.Parameters) > 0 {
		if err := json.Unmarshal(w.run.Spec.Parameters, &parameters); err != nil {
			return nil, unproven("its parameters are not understood")
		}
	}
	variables := make(map[string]cty.Value, len(parameters))
	for name, text := range parameters {
		declared, ok := w.declared(name)
		if !ok || declared.Sensitive {
			continue
		}
		if v, err := typed(text, declared.Type); err == nil {
			variables[name] = v
		}
	}
	return w.config.Values(variables, w.workspace()), nil
}

// typed is a value as a variable that is declared with a type has it.
func typed(text json.RawMessage, declared string) (cty.Value, error) {
	t, err := ctyjson.ImpliedType(text)
	if err != nil {
		return cty.NilVal, err
	}
	v, err := ctyjson.Unmarshal(text, t)
	if err != nil || declared == "" {
		return v, err
	}
	expression, faults := hclsyntax.ParseExpression([]byte(declared), "", hcl.InitialPos)
	if faults.HasErrors() {
		return cty.NilVal, faults
	}
	t, defaults, faults := typeexpr.TypeConstraintWithDefaults(expression)
	if faults.HasErrors() {
		return cty.NilVal, faults
	}
	if defaults != nil && !v.IsNull() {
		v = defaults.Apply(v)
	}
	return convert.Convert(v, t)
}

// binary is the provider that init installed.
func (w *tfWorkspace) binary(source string) (string, error) {
	version, err := w.lockedVersion(source)
	if err != nil {
		return "", err
	}
	dir := filepath.Join("data/providers", source, version, platform())
	entries, err := fs.ReadDir(w.home.FS(), filepath.Dir(dir))
	if err != nil || !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == platform() }) {
		return "", unproven("its provider is not installed")
	}
	// A mirror's folder is linked to, and lies outside.
	names, err := os.ReadDir(filepath.Join(w.home.Name(), dir))
	if err != nil {
		return "", unproven("its provider is not installed")
	}
	var found []string
	for _, e := range names {
		if strings.HasPrefix(e.Name(), "terraform-provider-") {
			found = append(found, filepath.Join(w.home.Name(), dir, e.Name()))
		}
	}
	if len(found) != 1 {
		return "", unproven("its provider is not plain")
	}
	binary, err := filepath.EvalSymlinks(found[0])
	if err != nil {
		return "", unproven("its provider is not installed")
	}
	return binary, nil
}

// lockedVersion is the version of a provider in the dependency lock file.
func (w *tfWorkspace) lockedVersion(source string) (string, error) {
	text, err := w.dependencies()
	if err != nil {
		return "", err
	}
	version, ok := lockedVersions(text)[source]
	if !ok {
		return "", unproven("its provider has no version in the dependency lock file: %q", source)
	}
	return version, nil
}
