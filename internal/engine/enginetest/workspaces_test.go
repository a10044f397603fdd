package enginetest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// nobodysUser is a user id without a name.
const nobodysUser = 64_500

// yard is where workspaces without any provider but the built-in one are run,
// as a user of their own where the tests run as root.
type yard struct {
	engines *engine.Engines
	dir     string
	// tf is where Terraform's own files are.
	tf string
}

func newYard(t *testing.T, change ...func(*engine.Config)) yard {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	tools, err := toolchain.Detect(t.Context(), toolchain.Options{Root: root, Env: os.Getenv})
	require.NoError(t, err)
	y := yard{dir: t.TempDir()}
	c := engine.Config{
		TerraformCLI: tools.TerraformCLI, TerraformRC: tools.TerraformRC, WorkDir: filepath.Join(y.dir, "work"),
		TerraformSources: &tfsource.Sources{Roots: []string{y.dir}}, DigestKey: []byte("0123456789abcdef"), MaxConcurrent: 2,
		Credentials: func(context.Context, aegis.StackRun) (aegis.Credentials, error) {
			return aegis.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}, nil
		},
	}
	if os.Geteuid() == 0 {
		c.TerraformUser = &syscall.Credential{Uid: nobodysUser, Gid: nobodysUser}
		c.TerraformDir, err = os.MkdirTemp("", "aegis-yard-") //nolint:usetesting // another user must reach it
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(c.TerraformDir) })
	}
	for _, f := range change {
		f(&c)
	}
	y.tf = c.TerraformDir
	if y.tf == "" {
		y.tf = filepath.Join(c.WorkDir, "terraform")
	}
	y.engines, err = engine.New(c)
	require.NoError(t, err)
	t.Cleanup(y.engines.Close)
	return y
}

// workspace makes a folder of the files and a run on it.
func (y yard) workspace(t *testing.T, files map[string]string) aegis.StackRun {
	t.Helper()
	id := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	dir := filepath.Join(y.dir, id)
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return aegis.StackRun{
		Stack: aegis.Stack{
			StackID: id, Kind: aegis.TargetTerraformWorkspace, Region: Region, Source: &aegis.WorkspaceSource{Path: dir},
		},
		ChangeSetID: "cs-1", FencingToken: 1, Policy: &aegis.ExecutionPolicy{},
	}
}

// apply adopts the workspace as it is and applies it.
func (y yard) apply(t *testing.T, run *aegis.StackRun) aegis.ApplyResult {
	t.Helper()
	spec, err := y.engines.ImportSpec(t.Context(), run.Stack)
	require.NoError(t, err)
	run.Spec = spec
	plan, err := y.engines.Preview(t.Context(), *run)
	require.NoError(t, err)
	res, err := y.engines.Apply(t.Context(), *run, plan.Digest)
	require.NoError(t, err)
	return res
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = string(b)
		return err
	}))
	return out
}

func TestCodeOfAWorkspaceHasNoPower(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	secret := filepath.Join(y.dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("sw0rdfish"), 0o600))
	run := y.workspace(t, map[string]string{"main.tf": `
resource "terraform_data" "spy" {
  provisioner "local-exec" {
    command = "(id -u; env; cat ` + secret + `) > $TF_DATA_DIR/spied 2>&1; true"
  }
}
`})
	y.apply(t, &run)
	found, err := filepath.Glob(filepath.Join(y.tf, "stacks", "*", "data", "spied"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	spied, err := os.ReadFile(found[0])
	require.NoError(t, err)
	uid, rest, _ := strings.Cut(string(spied), "\n")
	if os.Geteuid() == 0 {
		require.Equal(t, strconv.Itoa(nobodysUser), uid)
		require.NotContains(t, rest, "sw0rdfish")
		require.Contains(t, rest, "Permission denied")
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "PATH", "HOME", "TMPDIR", "LANG", "TZ", "USER", "PWD", "OLDPWD", "SHLVL", "_", "CHECKPOINT_DISABLE", "TF_CLI_CONFIG_FILE":
		default:
			require.NotContains(t, "\n"+rest, "\n"+name+"=", "the environment is built from nothing")
		}
	}
}

const counter = `
variable "name" { type = string }
variable "size" { type = number }
variable "zones" {
  type    = list(string)
  default = ["a"]
}
variable "password" {
  type      = string
  sensitive = true
}
variable "none" {
  type    = string
  default = null
}
resource "terraform_data" "it" {
  input = { name = var.name, size = var.size, secret = var.password }
}
module "sub" {
  source = "../modules/sub"
  size   = var.size
}
output "name" { value = var.name }
`

func counterFiles() map[string]string {
	return map[string]string{
		"live/main.tf": counter, "live/terraform.tfvars": "name = \"web\"\npassword = \"sw0rdfish\"\n",
		"live/extra.auto.tfvars.json": `{"zones":["a","b"]}`, "prod.tfvars": "size = 3\n",
		"modules/sub/main.tf": "variable \"size\" { type = number }\nresource \"terraform_data\" \"x\" { input = var.size }\n",
	}
}

func TestObservingWritesNothing(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	run := y.workspace(t, counterFiles())
	dir := run.Stack.Source.Path
	run.Stack.Source = &aegis.WorkspaceSource{
		Path: filepath.Join(dir, "live"), VarFiles: []string{filepath.Join(dir, "prod.tfvars")}, Variables: map[string]string{"name": "lost"},
	}
	y.apply(t, &run)
	require.FileExists(t, filepath.Join(dir, "live", "terraform.tfstate"), "the state is where Terraform has it")
	before := contents(t, dir)

	run.Stack.Mode = aegis.ModeObserve
	spec, err := y.engines.ImportSpec(t.Context(), run.Stack)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"web","size":3,"zones":["a","b"]}`, string(spec.Parameters), "from files and defaults, with their types")
	require.Contains(t, spec.Variables, aegis.WorkspaceVariable{Name: "password", Type: "string", Sensitive: true, Required: true})
	run.Spec = spec
	seen, err := y.engines.Refresh(t.Context(), run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift)
	require.Equal(t, 2, seen.ResourceCount)
	run.Spec.Parameters = json.RawMessage(`{"size":4}`)
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	require.Len(t, plan.Changes, 2)
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	require.NotContains(t, string(text), "sw0rdfish")
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrForbidden)
	require.Equal(t, before, contents(t, dir))
}

func TestAWorkspaceThatCanNotBeSeenIsUnknown(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	const data = "resource \"terraform_data\" \"a\" {}\n"
	state := func(version int, name string) string {
		return `{"version":` + strconv.Itoa(version) + `,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{},"resources":[
			{"mode":"managed","type":"terraform_data","name":"` + name + `","provider":"provider[\"terraform.io/builtin/terraform\"]",
			"instances":[{"schema_version":0,"attributes":{"id":"x","input":null,"output":null,"triggers_replace":null}}]}],"check_results":null}`
	}
	for name, test := range map[string]struct {
		files map[string]string
		says  []string
	}{
		"a provider that can't be installed": {
			map[string]string{"main.tf": "terraform {\n  required_providers {\n    no = { source = \"localhost/no/no\" }\n  }\n}\n"},
			[]string{"terraform init", "localhost/no/no"},
		},
		"a variable without a value": {
			map[string]string{"main.tf": data + "variable \"size\" { type = number }\n"},
			[]string{"main.tf:2", "No value for required variable", "size"},
		},
		"a value of the wrong type": {
			map[string]string{"main.tf": "variable \"size\" { type = number }\n", "terraform.tfvars": "size = \"sw0rdfish\"\n"},
			[]string{"Invalid value for input variable"},
		},
		"text that can't be parsed": {map[string]string{"main.tf": data + "resource {\n"}, []string{"main.tf:2"}},
		"a moved block": {
			map[string]string{"main.tf": data + "moved {\n  from = terraform_data.old\n  to = terraform_data.a\n}\n", "terraform.tfstate": state(4, "old")},
			[]string{"moved block", "terraform_data.a is terraform_data.old in the state"},
		},
		"a newer state": {
			map[string]string{"main.tf": data, "terraform.tfstate": state(5, "a")},
			[]string{"version 5"},
		},
		"a workspace that is not there": {map[string]string{"main.tf": data}, []string{`no workspace "prod"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := y.workspace(t, test.files)
			run.Stack.Mode = aegis.ModeObserve
			if strings.HasPrefix(name, "a workspace") {
				run.Stack.Source.Workspace = "prod"
			}
			_, err := y.engines.Refresh(t.Context(), run)
			for _, text := range test.says {
				require.ErrorContains(t, err, text)
			}
			require.NotContains(t, err.Error(), y.tf, "no path of ours")
			require.NotContains(t, err.Error(), "sw0rdfish")
		})
	}
	t.Run("what must not be destroyed stops the plan alone", func(t *testing.T) {
		t.Parallel()
		run := y.workspace(t, map[string]string{"main.tf": `variable "v" { default = 1 }
resource "terraform_data" "a" {
  triggers_replace = var.v
  lifecycle { prevent_destroy = true }
}
`})
		y.apply(t, &run)
		_, err := y.engines.Refresh(t.Context(), run)
		require.NoError(t, err)
		run.Spec.Parameters = json.RawMessage(`{"v":2}`)
		_, err = y.engines.Preview(t.Context(), run)
		require.ErrorIs(t, err, aegis.ErrInvalid)
		require.ErrorContains(t, err, "main.tf:2")
		require.ErrorContains(t, err, "prevent_destroy")
		run.Spec.Parameters = json.RawMessage(`{"w":2}`)
		_, err = y.engines.Preview(t.Context(), run)
		require.ErrorContains(t, err, "declares no such variable")
	})
}

func TestAForeignLockIsNeverBroken(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	run := y.workspace(t, map[string]string{"main.tf": "variable \"v\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = var.v }\n"})
	y.apply(t, &run)
	name := filepath.Join(run.Stack.Source.Path, "terraform.tfstate")
	state, err := os.OpenFile(name, os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, unix.FcntlFlock(state.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}), "as Terraform locks it")
	info := filepath.Join(run.Stack.Source.Path, ".terraform.tfstate.lock.info")
	require.NoError(t, os.WriteFile(info, []byte(`{"ID":"6b3c","Operation":"OperationTypeApply","Who":"ann@laptop","Created":"2026-03-01T11:48:00Z"}`), 0o600))

	_, err = y.engines.Refresh(t.Context(), run)
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.ErrorContains(t, err, "locked by ann@laptop for ")
	require.ErrorContains(t, err, "lock id 6b3c")
	_, err = y.engines.Apply(t.Context(), run, "x")
	require.ErrorIs(t, err, aegis.ErrStateLocked)
	require.FileExists(t, info)
	require.NoError(t, state.Close())

	run.Spec.Parameters = json.RawMessage(`{"v":2}`)
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	res, err := y.engines.Apply(t.Context(), run, plan.Digest)
	require.NoError(t, err)
	require.Contains(t, res.Healed, "orphaned lock removed", "whoever had it is gone")
	require.NoFileExists(t, info)
}

func TestARepositoryIsFetchedAsTheUserOfItsOwn(t *testing.T) {
	t.Parallel()
	y := newYard(t, func(c *engine.Config) {
		c.TerraformSources = &tfsource.Sources{Roots: []string{"/"}, LocalGit: true, Credential: c.TerraformUser}
	})
	repo, err := os.MkdirTemp("", "aegis-repo-") //nolint:usetesting // another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(repo) })
	require.NoError(t, os.Chmod(repo, 0o755))
	text := "terraform {\n  backend \"http\" {}\n}\nvariable \"size\" { default = 3 }\n"
	require.NoError(t, os.WriteFile(filepath.Join(repo, "main.tf"), []byte(text), 0o644))
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"}, {"tag", "v1"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = repo
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	run := y.workspace(t, nil)
	run.Stack.Source = &aegis.WorkspaceSource{Git: &aegis.GitSource{URL: "file://" + repo, Ref: "v1"}}
	_, err = y.engines.Refresh(t.Context(), run)
	require.ErrorContains(t, err, "address argument is required", "of the backend: the files are there")
}
