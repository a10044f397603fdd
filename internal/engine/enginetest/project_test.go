package enginetest

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	awsssm "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// foreign is the program of somebody else's project. The language host runs it
// as a process of its own: this test binary.
func foreign(ctx *pulumi.Context) error {
	cfg := config.New(ctx, "")
	for _, name := range []string{"a", "b"} {
		value := pulumi.StringInput(pulumi.String(cfg.Require("value")))
		kind := "String"
		if name == "b" {
			value, kind = cfg.RequireSecret("password"), "SecureString"
		}
		_, err := awsssm.NewParameter(ctx, name, &awsssm.ParameterArgs{
			Name: pulumi.Sprintf("/%s/%s", ctx.Stack(), name), Type: pulumi.String(kind), Value: value,
		})
		if err != nil {
			return err
		}
	}
	ctx.Export("uid", pulumi.Int(os.Getuid()))
	ctx.Export("password", cfg.RequireSecret("password"))
	return nil
}

// pulumiYard is where projects of others are adopted.
type pulumiYard struct {
	engines *engine.Engines
	cloud   *Cloud
	tools   toolchain.Tools
	dir     string
	program string
}

type exports map[string][]byte

func (e exports) SaveArchive(_ context.Context, digest string, sealed []byte) error {
	e[digest] = sealed
	return nil
}

func (e exports) Archive(_ context.Context, digest string) ([]byte, error) {
	if e[digest] == nil {
		return nil, aegis.ErrNotFound
	}
	return e[digest], nil
}

func newPulumiYard(t *testing.T, change ...func(*engine.Config)) pulumiYard {
	t.Helper()
	cloud := StartCloud(t)
	p := newPlace(t, cloud)
	cfg, err := p.config(t.Context())
	require.NoError(t, err)
	y := pulumiYard{cloud: cloud, dir: p.Dir}
	y.tools, err = toolchain.Detect(t.Context(), toolchain.Options{Root: p.Root, Env: os.Getenv})
	require.NoError(t, err)
	open, err := os.MkdirTemp("", "aegis-projects-") //nolint:usetesting // another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(open) })
	require.NoError(t, os.Chmod(open, 0o755))
	y.program = filepath.Join(open, "program")
	copyProgram(t, y.program)
	if os.Geteuid() == 0 {
		cfg.TerraformUser = &syscall.Credential{Uid: nobodysUser, Gid: nobodysUser}
		cfg.TerraformDir = filepath.Join(open, "place")
	}
	cfg.ProjectSources = &tfsource.Sources{Roots: []string{p.Dir}, Limits: tfsource.ProjectLimits(), Programs: true}
	cfg.Exports = exports{}
	for _, f := range change {
		f(&cfg)
	}
	y.engines, err = engine.New(cfg)
	require.NoError(t, err)
	t.Cleanup(y.engines.Close)
	return y
}

// copyProgram makes a copy of this test binary that every user may run.
func copyProgram(t *testing.T, to string) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	in, err := os.Open(exe)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// pulumi runs the CLI as people do, beside the engines.
func (y pulumiYard) pulumi(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), y.tools.PulumiCLI, append(args, "--non-interactive")...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + filepath.Dir(y.tools.PulumiCLI) + ":/usr/bin:/bin", "HOME=" + y.dir, "PULUMI_HOME=" + y.tools.PulumiHome,
		"PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_CONFIG_PASSPHRASE=correct horse", "AWS_ENDPOINT_URL=" + y.cloud.URL,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=" + Region,
		"AEGIS_TERRAFORM_PROVIDER_AWS=" + y.tools.TerraformProviderAWS, "AEGIS_PLUGIN_CACHE=" + y.tools.PluginCache,
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// project makes a project of a stack with that name, and applies it by the CLI.
func (y pulumiYard) project(t *testing.T, stack string) aegis.StackRun {
	t.Helper()
	dir := filepath.Join(y.dir, stack)
	backend := filepath.Join(dir, "state")
	require.NoError(t, os.MkdirAll(backend, 0o700))
	y.file(t, stack, "Pulumi.yaml", "name: shop\nruntime: {name: go, options: {binary: "+y.program+"}}\nbackend: {url: \"file://"+backend+"\"}\n"+
		"config:\n  size: {type: integer, default: 1}\n")
	y.file(t, stack, "passphrase", "correct horse\n")
	y.pulumi(t, dir, "stack", "init", stack)
	y.pulumi(t, dir, "config", "set", "value", "one")
	y.pulumi(t, dir, "config", "set", "aws:region", Region)
	y.pulumi(t, dir, "config", "set", "--secret", "password", "sw0rdfish")
	y.pulumi(t, dir, "up", "--yes", "--skip-preview", "--stack", stack)
	return aegis.StackRun{
		Stack: aegis.Stack{
			StackID: stack, Kind: aegis.TargetPulumiStack, Region: Region, Mode: aegis.ModeManage,
			Source: &aegis.WorkspaceSource{Path: dir, Stack: stack, PassphraseFile: "passphrase"},
		},
		ChangeSetID: "cs-1", FencingToken: 1, Policy: &aegis.ExecutionPolicy{},
	}
}

func (y pulumiYard) file(t *testing.T, stack, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(y.dir, stack, name), []byte(text), 0o600))
}

func (y pulumiYard) set(t *testing.T, name, value string) {
	t.Helper()
	_, err := y.cloud.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Overwrite: aws.Bool(true), Type: ssmtypes.ParameterTypeString,
	})
	require.NoError(t, err)
}

// value is what /prod/a is.
func (y pulumiYard) value(t *testing.T) string {
	t.Helper()
	name := "/prod/a"
	out, err := y.cloud.SSM.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
	require.NoError(t, err)
	return *out.Parameter.Value
}

func TestAdoptedPulumiProject(t *testing.T) {
	t.Parallel()
	y := newPulumiYard(t)
	run := y.project(t, "prod")
	dir := run.Stack.Source.Path
	before := contents(t, dir)

	run.Stack.Mode = aegis.ModeObserve
	spec, err := y.engines.ImportSpec(t.Context(), run.Stack)
	require.NoError(t, err)
	require.JSONEq(t, `{"aws:region":"`+Region+`","shop:value":"one"}`, string(spec.Parameters))
	require.Contains(t, spec.Variables, aegis.WorkspaceVariable{Name: "shop:password", Sensitive: true})
	require.Contains(t, spec.Variables, aegis.WorkspaceVariable{Name: "shop:size", Type: "integer"})
	run.Spec = spec
	seen, err := y.engines.Refresh(t.Context(), run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift)
	require.Equal(t, 2, seen.ResourceCount)

	y.set(t, "/prod/a", "two")
	_, err = y.cloud.SSM.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/prod/b")})
	require.NoError(t, err)
	seen, err = y.engines.Refresh(t.Context(), run)
	require.NoError(t, err)
	require.Len(t, seen.Drift, 2)
	require.Equal(t, aegis.ActionUpdate, seen.Drift[0].Action)
	require.Equal(t, aegis.ActionDelete, seen.Drift[1].Action)
	run.Targets = []string{"aws_ssm_parameter::a"}
	some, err := y.engines.Refresh(t.Context(), run)
	require.NoError(t, err)
	require.Len(t, some.Drift, 1)
	run.Targets, run.Refresh = nil, true
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, map[string]aegis.Action{"aws_ssm_parameter::a": aegis.ActionUpdate, "aws_ssm_parameter::b": aegis.ActionCreate}, actions(plan.Changes))
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrForbidden)
	require.Equal(t, before, contents(t, dir), "observing writes nothing")
	for _, shown := range []any{seen, plan, spec} {
		text, err := json.Marshal(shown)
		require.NoError(t, err)
		require.NotContains(t, string(text), "sw0rdfish")
	}

	run.Stack.Mode = aegis.ModeManage
	_, err = y.engines.Apply(t.Context(), run, "another")
	require.ErrorIs(t, err, aegis.ErrDigestMismatch)
	require.Equal(t, "two", y.value(t))
	res, err := y.engines.Apply(t.Context(), run, plan.Digest)
	require.NoError(t, err)
	require.Equal(t, 2, res.ResourceCount)
	require.Equal(t, aegis.Masked, res.Outputs["password"])
	if os.Geteuid() == 0 {
		require.EqualValues(t, nobodysUser, res.Outputs["uid"], "the program has a user of its own")
	}
	require.Equal(t, "one", y.value(t))
	locks, _ := filepath.Glob(filepath.Join(dir, "state/.pulumi/locks/organization/shop/prod/*"))
	require.Empty(t, locks, "the lock is given back")

	run.Refresh = false
	run.Spec.Parameters = json.RawMessage(`{"aws:region":"` + Region + `","shop:value":"three","shop:size":2}`)
	plan, err = y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	require.Len(t, plan.Changes, 1)
	_, err = y.engines.Apply(t.Context(), run, plan.Digest)
	require.NoError(t, err)
	require.Equal(t, "three", y.value(t))
	require.Contains(t, y.pulumi(t, dir, "stack", "export", "--show-secrets", "--stack", "prod"), "three", "people's Pulumi sees the state that it left")
	require.Equal(t, before["/Pulumi.prod.yaml"], contents(t, dir)["/Pulumi.prod.yaml"], "its own files stay")
	run.Spec.Parameters = json.RawMessage(`{"shop:password":"x"}`)
	_, err = y.engines.Preview(t.Context(), run)
	require.ErrorContains(t, err, "keep it in the stack's own file")

	t.Run("a lock is waited for unless its owner is proven gone", func(t *testing.T) { //nolint:paralleltest // on one stack
		lock := filepath.Join(dir, "state/.pulumi/locks/organization/shop/prod/6b3c.json")
		write := func(pid int, host string) {
			require.NoError(t, os.MkdirAll(filepath.Dir(lock), 0o700))
			require.NoError(t, os.WriteFile(lock, []byte(`{"pid":`+strconv.Itoa(pid)+`,"username":"ann","hostname":"`+host+`","timestamp":"2026-01-01T00:00:00Z"}`), 0o600))
		}
		run.Spec = spec
		write(1, "laptop")
		_, err := y.engines.Refresh(t.Context(), run)
		require.ErrorIs(t, err, aegis.ErrStateLocked)
		require.ErrorContains(t, err, "locked by ann@laptop for ")
		require.ErrorContains(t, err, "lock id 6b3c")
		_, err = y.engines.Apply(t.Context(), run, "x")
		require.ErrorIs(t, err, aegis.ErrStateLocked)
		require.FileExists(t, lock)
		require.NoError(t, y.engines.Unlock(t.Context(), run, "6b3c"))
		require.NoFileExists(t, lock)

		dead := exec.CommandContext(t.Context(), "true")
		require.NoError(t, dead.Run())
		here, err := os.Hostname()
		require.NoError(t, err)
		write(dead.ProcessState.Pid(), here)
		_, err = y.engines.Refresh(t.Context(), run)
		require.NoError(t, err)
		healed, err := y.engines.Repair(t.Context(), run)
		require.NoError(t, err)
		require.Contains(t, healed, "orphaned lock removed")
		require.NoFileExists(t, lock)
	})
	t.Run("its state alone is only ever observed", func(t *testing.T) { //nolint:paralleltest // on one stack
		export := []byte(y.pulumi(t, dir, "stack", "export", "--stack", "prod"))
		digest, err := y.engines.KeepExport(t.Context(), export)
		require.NoError(t, err)
		src, err := y.engines.CheckSource(aegis.WorkspaceSource{Export: digest, PassphraseFile: filepath.Join(dir, "passphrase")})
		require.NoError(t, err)
		alone := aegis.StackRun{Stack: aegis.Stack{StackID: "alone", Kind: aegis.TargetPulumiStack, Region: Region, Source: &src}}
		alone.Spec, err = y.engines.ImportSpec(t.Context(), alone.Stack)
		require.NoError(t, err)
		seen, err := y.engines.Refresh(t.Context(), alone)
		require.NoError(t, err)
		require.Empty(t, seen.Drift)
		y.set(t, "/prod/a", "four")
		seen, err = y.engines.Refresh(t.Context(), alone)
		require.NoError(t, err)
		require.Len(t, seen.Drift, 1)
		_, err = y.engines.Preview(t.Context(), alone)
		require.ErrorContains(t, err, "no program")
		alone.FencingToken, alone.Stack.Mode = 2, aegis.ModeManage
		_, err = y.engines.Apply(t.Context(), alone, "x")
		require.ErrorIs(t, err, aegis.ErrForbidden)
		alone.Stack.Source = &aegis.WorkspaceSource{Export: digest}
		_, err = y.engines.Refresh(t.Context(), alone)
		require.ErrorContains(t, err, "name the file that has it")
		y.file(t, "prod", "other", "wrong")
		alone.Stack.Source.PassphraseFile = filepath.Join(dir, "other")
		_, err = y.engines.Refresh(t.Context(), alone)
		require.ErrorContains(t, err, "incorrect passphrase")
	})
}

func TestAPulumiStackThatCanNotBeSeenIsUnknown(t *testing.T) {
	t.Parallel()
	y := newPulumiYard(t)
	whole := y.project(t, "dev")
	dir := whole.Stack.Source.Path
	stack, err := os.ReadFile(filepath.Join(dir, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	project, err := os.ReadFile(filepath.Join(dir, "Pulumi.yaml"))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		file, text string
		change     func(*aegis.WorkspaceSource)
		says       string
	}{
		"a language that is not installed": {"Pulumi.yaml", strings.Replace(string(project), "name: go", "name: cobol", 1), nil, "no language plugin 'pulumi-language-cobol'"},
		"a value that is not there": {
			"Pulumi.dev.yaml", strings.Replace(string(stack), "shop:value: one", "shop:other: one", 1), nil, "Missing required configuration variable 'shop:value'",
		},
		"a program that does not run": {"Pulumi.yaml", strings.Replace(string(project), y.program, "./none", 1), nil, "none"},
		"a passphrase that is wrong":  {"passphrase", "pa55word", nil, "incorrect passphrase"},
		"no passphrase":               {"", "", func(s *aegis.WorkspaceSource) { s.PassphraseFile = "" }, "name the file that has it"},
		"a stack that is not there":   {"", "", func(s *aegis.WorkspaceSource) { s.Stack = "none" }, `no stack "none" of project "shop"`},
		"a backend elsewhere":         {"Pulumi.yaml", "name: shop\nruntime: go\nbackend: {url: \"https://api.pulumi.com\"}\n", nil, "https is not supported"},
		"no backend":                  {"Pulumi.yaml", "name: shop\nruntime: go\n", nil, "names no backend"},
		"a state outside":             {"Pulumi.yaml", "name: shop\nruntime: go\nbackend: {url: \"file:///var\"}\n", nil, "terraform.roots"},
		"no project":                  {"Pulumi.yaml", "name: [", nil, "Pulumi.yaml can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			copied := filepath.Join(y.dir, strings.ReplaceAll(name, " ", "-"))
			require.NoError(t, os.MkdirAll(copied, 0o700))
			for file, text := range map[string]string{"Pulumi.yaml": string(project), "Pulumi.dev.yaml": string(stack), "passphrase": "correct horse"} {
				require.NoError(t, os.WriteFile(filepath.Join(copied, file), []byte(text), 0o600))
			}
			if test.file != "" {
				require.NoError(t, os.WriteFile(filepath.Join(copied, test.file), []byte(test.text), 0o600))
			}
			src := *whole.Stack.Source
			src.Path = copied
			if test.change != nil {
				test.change(&src)
			}
			s := whole.Stack
			s.StackID, s.Source, s.Mode = strings.ReplaceAll(name, " ", "-"), &src, aegis.ModeObserve
			_, err := y.engines.ImportSpec(t.Context(), s)
			require.ErrorContains(t, err, test.says)
			require.NotErrorIs(t, err, aegis.ErrNotFound, "else it would be pending for ever")
			require.NotContains(t, err.Error(), "pa55word")
			require.NotContains(t, err.Error(), "/runs/", "no path of ours")
		})
	}
}

func TestExportsThatAreNone(t *testing.T) {
	t.Parallel()
	y := newPulumiYard(t)
	const urn = `"urn":"urn:pulumi:prod::shop::aws:s3/bucket:Bucket::a","type":"aws:s3/bucket:Bucket"`
	for name, text := range map[string]string{
		"no JSON":             "x",
		"an old version":      `{"version":1,"deployment":{"resources":[{` + urn + `}]}}`,
		"no resources":        `{"version":3,"deployment":{}}`,
		"a name that is none": `{"version":3,"deployment":{"resources":[{"urn":"x","type":"y"}]}}`,
		"two stacks":          `{"version":3,"deployment":{"resources":[{` + urn + `},{"urn":"urn:pulumi:dev::shop::t::n","type":"t"}]}}`,
		"a path for a name":   `{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:../../x::shop::t::n","type":"t"}]}}`,
		"plain secrets":       `{"version":3,"deployment":{"resources":[{` + urn + `,"outputs":{"p":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"\"x\""}}}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := y.engines.KeepExport(t.Context(), []byte(text))
			require.ErrorIs(t, err, aegis.ErrInvalid)
		})
	}
}
