package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/aegisworld/aegis"
)

// terraformEngine runs adopted workspaces in their own folder, with Terraform's
// data folder, plan files and variables under the work folder.
type terraformEngine struct {
	cfg  Config
	keys *credentialServer
	exec string // the guard script
}

// workspace is one operation on one Terraform workspace.
type tfWorkspace struct {
	cfg  Config
	run  aegis.StackRun
	tf   *tfexec.Terraform
	keys *credentialServer
	key  credentialKey
	dir  string // scratch: plan file, variables
	data string // TF_DATA_DIR, kept between operations
	// changes says that the last plan changes anything.
	changes bool
	// secrets are the values of sensitive variables, once a plan names them.
	secrets []string
}

// guard ends Terraform with its providers when the process that started it is
// gone: Pdeathsig reaches Terraform alone, and a provider would go on creating.
const guard = `#!/bin/sh
(
	while kill -0 "$AEGIS_PID" && kill -0 $$; do sleep 0.2; done
	kill -9 "-$$"
) >/dev/null 2>&1 </dev/null &
exec "$AEGIS_TERRAFORM" "$@"
`

func newTerraformEngine(cfg Config, keys *credentialServer) (*terraformEngine, error) {
	t := &terraformEngine{cfg: cfg, keys: keys, exec: filepath.Join(cfg.WorkDir, "terraform-guard")}
	// A child forked while the script is open for writing would hold it open, and
	// running it would fail with "text file busy".
	syscall.ForkLock.RLock()
	err := writeFile(t.exec, []byte(guard))
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = os.Chmod(t.exec, 0o700) //nolint:gosec // a script to run
	}
	if err != nil {
		return nil, fmt.Errorf("write the Terraform guard: %w", err)
	}
	return t, nil
}

// open prepares an operation: the scratch folder, the environment, and, when
// the configuration is new or changed, terraform init.
func (t *terraformEngine) open(ctx context.Context, run aegis.StackRun) (*tfWorkspace, error) {
	src := run.Stack.Source
	if src == nil || src.Path == "" {
		return nil, aegis.Invalid("source.path", "a Terraform workspace needs its folder")
	}
	id := sha256.Sum256([]byte(run.Stack.StackID))
	w := &tfWorkspace{
		cfg: t.cfg, run: run, keys: t.keys, key: t.keys.grant(run),
		data: filepath.Join(t.cfg.WorkDir, "terraform", hex.EncodeToString(id[:8])),
	}
	var err error
	if w.dir, err = t.cfg.scratch("terraform"); err != nil {
		w.close()
		return nil, err
	}
	if w.tf, err = tfexec.NewTerraform(src.Path, t.exec); err != nil {
		w.close()
		return nil, aegis.Invalid("source.path", err.Error())
	}
	if err = errors.Join(w.tf.SetEnv(w.env()), w.tf.SetWaitDelay(t.cfg.CancelGrace), w.variables(), w.init(ctx)); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *tfWorkspace) close() {
	w.keys.revoke(w.key)
	_ = os.RemoveAll(w.dir)
}

func (w *tfWorkspace) env() map[string]string {
	env := append(w.cfg.baseEnv(), w.cfg.awsEnv(w.run.Stack.Region, w.key)...)
	env = append(env,
		"TF_DATA_DIR="+w.data,
		"AEGIS_PID="+strconv.Itoa(os.Getpid()),
		"AEGIS_TERRAFORM="+w.cfg.TerraformCLI,
	)
	if w.cfg.TerraformRC != "" {
		env = append(env, "TF_CLI_CONFIG_FILE="+w.cfg.TerraformRC)
	}
	m := make(map[string]string, len(env))
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		m[k] = v
	}
	return m
}

func (w *tfWorkspace) varFile() string  { return filepath.Join(w.dir, "aegis.tfvars.json") }
func (w *tfWorkspace) planFile() string { return filepath.Join(w.dir, "plan") }

// variables writes the spec's parameters, which are the workspace's variables.
func (w *tfWorkspace) variables() error {
	parameters := []byte(w.run.Spec.Parameters)
	if len(bytes.TrimSpace(parameters)) == 0 {
		parameters = []byte("{}")
	}
	var vars map[string]json.RawMessage
	if err := json.Unmarshal(parameters, &vars); err != nil {
		return aegis.Invalid("parameters", "must be an object of variables")
	}
	return os.WriteFile(w.varFile(), parameters, 0o600)
}

// init runs terraform init and selects the workspace, unless that was done for
// this very configuration.
func (w *tfWorkspace) init(ctx context.Context) error {
	want, err := w.fingerprint()
	if err != nil {
		return err
	}
	marker := filepath.Join(w.data, "aegis-initialised")
	if have, err := os.ReadFile(marker); err == nil && string(have) == want { //nolint:gosec // under the work folder
		return nil
	}
	if err := os.MkdirAll(w.data, 0o700); err != nil {
		return fmt.Errorf("create the Terraform data folder: %w", err)
	}
	opts := []tfexec.InitOption{tfexec.Reconfigure(true), tfexec.Upgrade(false)}
	if len(w.run.Stack.Source.BackendConfig) > 0 {
		file := filepath.Join(w.dir, "backend.hcl")
		if err := os.WriteFile(file, backendHCL(w.run.Stack.Source.BackendConfig), 0o600); err != nil {
			return fmt.Errorf("write backend settings: %w", err)
		}
		opts = append(opts, tfexec.BackendConfig(file))
	}
	if err := w.tf.Init(ctx, opts...); err != nil {
		return w.failure("init", err, nil)
	}
	if err := w.selectWorkspace(ctx); err != nil {
		return err
	}
	return writeFile(marker, []byte(want))
}

func (w *tfWorkspace) selectWorkspace(ctx context.Context) error {
	name := w.run.Stack.Source.Workspace
	if name == "" {
		name = "default"
	}
	err := w.tf.WorkspaceSelect(ctx, name)
	if err != nil && strings.Contains(err.Error(), "doesn't exist") {
		err = w.tf.WorkspaceNew(ctx, name)
	}
	if err != nil {
		return w.failure("select workspace "+name, err, nil)
	}
	return nil
}

// fingerprint is a hash of everything that init depends on.
func (w *tfWorkspace) fingerprint() (string, error) {
	src := w.run.Stack.Source
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s", src.Path, src.Workspace, w.cfg.TerraformCLI, w.cfg.TerraformRC)
	_, _ = h.Write(backendHCL(src.BackendConfig))
	err := filepath.WalkDir(src.Path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if err == nil && path != src.Path && strings.HasPrefix(e.Name(), ".") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".tf") && !strings.HasSuffix(path, ".tf.json") && e.Name() != ".terraform.lock.hcl" {
			return nil
		}
		f, err := os.Open(path) //nolint:gosec // the workspace's own file
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		fmt.Fprintf(h, "\n%s\n", path)
		_, err = io.Copy(h, f)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the Terraform configuration: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// backendHCL are -backend-config settings as a file, so that secrets among them
// are no arguments.
func backendHCL(settings map[string]string) []byte {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		v, _ := json.Marshal(settings[k]) //nolint:errchkjson // a string
		fmt.Fprintf(&b, "%s = %s\n", k, strings.ReplaceAll(string(v), "${", "$${"))
	}
	return b.Bytes()
}
