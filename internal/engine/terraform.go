package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfconfig"
)

// terraformEngine runs adopted workspaces on copies of their files.
type terraformEngine struct {
	cfg   Config
	keys  *credentialServer
	place tfPlace
	// readers are the warm providers.
	readers *tfReaders
}

// tfWorkspace is one operation on one Terraform workspace.
type tfWorkspace struct {
	cfg   Config
	place tfPlace
	run   aegis.StackRun
	keys  *credentialServer
	key   credentialKey

	id     string   // names the stack's files
	home   *os.Root // kept between operations: data, state
	dir    *os.Root // scratch: files, plan, variables
	work   string   // the working directory, in dir
	config tfconfig.Config
	// local is the local state, nil for a remote one.
	local *localState
	// varFiles come before the spec's parameters.
	varFiles []string

	// changes says that the last plan changes anything.
	changes bool
	// secrets are the values of sensitive variables, once a plan names them.
	secrets []string
	// regions are those of resources that are not in the stack's.
	regions tfRegions
}

// access says what an operation does to the state.
type access int

const (
	reads access = iota
	writes
)

// open prepares an operation: a copy of the workspace's files, its state when
// that is a file, the variables, and, when the configuration is new or changed,
// terraform init. The caller must close what it returns.
func (t *terraformEngine) open(ctx context.Context, run aegis.StackRun, does access) (*tfWorkspace, error) {
	if run.Stack.Source == nil {
		return nil, aegis.Invalid("source", "a Terraform workspace needs its files")
	}
	if does == writes && run.Stack.Observed() {
		return nil, fmt.Errorf("stack %s is only observed: %w", run.Stack.StackID, aegis.ErrForbidden)
	}
	w := &tfWorkspace{cfg: t.cfg, place: t.place, run: run, keys: t.keys, id: placeID(run.Stack.StackID)}
	if err := w.prepare(ctx, does); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *tfWorkspace) prepare(ctx context.Context, does access) error {
	if err := w.folders(); err != nil {
		return fmt.Errorf("create the folders of a run: %w", err)
	}
	if err := w.fetch(ctx); err != nil {
		return err
	}
	if err := w.backend(does); err != nil {
		return err
	}
	w.key = w.keys.grant(w.run)
	if err := errors.Join(w.variables(), w.place.ownAll(w.dir)); err != nil {
		return err
	}
	return w.init(ctx)
}

func (w *tfWorkspace) folders() (err error) {
	if w.home, w.dir, err = w.place.folders(w.id); err != nil {
		return err
	}
	return errors.Join(w.place.folder(w.home, "data"), w.place.folder(w.dir, "home"))
}

// fetch copies the files and reads what they declare.
func (w *tfWorkspace) fetch(ctx context.Context) (err error) {
	if w.work, err = w.cfg.TerraformSources.Fetch(ctx, *w.run.Stack.Source, filepath.Join(w.dir.Name(), "files")); err != nil {
		return err
	}
	w.config, err = tfconfig.Read(os.DirFS(w.work), ".")
	return err
}

func (w *tfWorkspace) close() {
	if w.local != nil {
		w.local.close()
	}
	w.keys.revoke(w.key)
	release(w.home, w.dir)
}

func (w *tfWorkspace) path(name string) string { return filepath.Join(w.dir.Name(), name) }
func (w *tfWorkspace) planFile() string        { return w.path("plan") }
func (w *tfWorkspace) dataDir() string         { return filepath.Join(w.home.Name(), "data") }

// variables writes the spec's parameters, which are the workspace's variables.
// One that the configuration does not declare would be passed over in silence.
func (w *tfWorkspace) variables() error {
	parameters := []byte(w.run.Spec.Parameters)
	if len(bytes.TrimSpace(parameters)) == 0 {
		parameters = []byte("{}")
	}
	var vars map[string]json.RawMessage
	if err := json.Unmarshal(parameters, &vars); err != nil {
		return aegis.Invalid("parameters", "must be an object of variables")
	}
	var faults aegis.InvalidError
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if _, ok := w.declared(name); !ok {
			faults.Add("parameters."+name, "the configuration declares no such variable")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.run.Stack.Source.Variables)) {
		if v, ok := w.declared(name); ok && v.Sensitive {
			faults.Add("source.variables."+name, "is sensitive: keep its value in a file of the workspace")
		}
	}
	if err := faults.OrNil(); err != nil {
		return err
	}
	if err := w.fetchVarFiles(); err != nil {
		return err
	}
	return w.place.write(w.dir, "aegis.tfvars.json", parameters)
}

func (w *tfWorkspace) declared(name string) (aegis.WorkspaceVariable, bool) {
	i := slices.IndexFunc(w.config.Variables, func(v aegis.WorkspaceVariable) bool { return v.Name == name })
	if i < 0 {
		return aegis.WorkspaceVariable{}, false
	}
	return w.config.Variables[i], true
}

// fetchVarFiles copies the files that are not in the workspace.
func (w *tfWorkspace) fetchVarFiles() error {
	for i, name := range w.run.Stack.Source.VarFiles {
		if !filepath.IsAbs(name) {
			w.varFiles = append(w.varFiles, filepath.Join(w.work, name))
			continue
		}
		found, err := w.cfg.TerraformSources.Allow(name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(found) //nolint:gosec // below the folders that may be adopted
		if err != nil {
			return aegis.Invalid(fmt.Sprintf("source.var_files.%d", i), "can't be read")
		}
		copied := fmt.Sprintf("%d.tfvars", i)
		if strings.HasSuffix(name, ".json") {
			copied += ".json"
		}
		if err := w.place.write(w.dir, copied, data); err != nil {
			return fmt.Errorf("copy a variables file: %w", err)
		}
		w.varFiles = append(w.varFiles, w.path(copied))
	}
	return nil
}

// varArgs are the -var-file arguments.
func (w *tfWorkspace) varArgs() []string {
	var args []string
	for _, f := range w.varFiles {
		args = append(args, "-var-file="+f)
	}
	return append(args, "-var-file="+w.path("aegis.tfvars.json"))
}
