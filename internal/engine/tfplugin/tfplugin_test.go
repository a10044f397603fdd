package tfplugin_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"github.com/aegisworld/aegis/internal/engine/tfplugin"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// helperEnv has the binary that a helper process runs, to be killed.
const helperEnv = "AEGIS_TFPLUGIN_HELPER"

func TestMain(m *testing.M) {
	if binary := os.Getenv(helperEnv); binary != "" {
		if _, err := tfplugin.Start(tfplugin.Command{Path: binary}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("started")
		select {}
	}
	os.Exit(m.Run())
}

func provider(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	tools, err := toolchain.Detect(t.Context(), toolchain.Options{Root: root, Env: os.Getenv})
	require.NoError(t, err)
	require.NotEmpty(t, tools.TerraformProviderAWS)
	return tools.TerraformProviderAWS
}

// processes are those that have the text in their environment.
func processes(t *testing.T, text string) []string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	var found []string
	for _, name := range names {
		if env, err := os.ReadFile(name); err == nil && bytes.Contains(env, []byte(text)) {
			found = append(found, filepath.Dir(name))
		}
	}
	return found
}

func body(t *testing.T, text string) hcl.Body {
	t.Helper()
	file, faults := hclparse.NewParser().ParseHCL([]byte(text), "provider.tf")
	require.False(t, faults.HasErrors())
	return file.Body
}

func TestProvider(t *testing.T) {
	t.Setenv("AEGIS_TEST_SECRET", "sw0rdfish")
	mark := "AEGIS_TFPLUGIN_MARK=" + filepath.Base(t.TempDir()) + fmt.Sprint(os.Getpid())
	dir, err := os.MkdirTemp("", "aegis-tfplugin-") //nolint:usetesting // another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	command := tfplugin.Command{Path: provider(t), Dir: dir, Env: []string{mark, "TMPDIR=" + dir, "AWS_EC2_METADATA_DISABLED=true"}}
	if os.Geteuid() == 0 {
		command.User = &syscall.Credential{Uid: 64_500, Gid: 64_500}
		require.NoError(t, os.Chown(dir, 64_500, 64_500))
	}
	p, err := tfplugin.Start(command)
	require.NoError(t, err)
	defer p.Close()
	running := processes(t, mark)
	require.Len(t, running, 1)
	env, err := os.ReadFile(filepath.Join(running[0], "environ"))
	require.NoError(t, err)
	require.NotContains(t, string(env), "sw0rdfish", "nothing is inherited")
	if command.User != nil {
		status, err := os.ReadFile(filepath.Join(running[0], "status"))
		require.NoError(t, err)
		require.Contains(t, string(status), "Uid:\t64500\t64500\t64500\t64500")
	}

	schema, err := p.Schema(t.Context())
	require.NoError(t, err)
	variables := map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{"region": cty.StringVal("eu-west-1")})}
	for _, text := range []string{
		"region = upper(var.region)\n", "region = var.unknown\n", "regio = \"x\"\n", "dynamic \"assume_role\" {\n  for_each = []\n  content {}\n}\n",
	} {
		_, err := schema.Decode(body(t, text), variables)
		require.Error(t, err, text)
	}
	config, err := schema.Decode(body(t, `
alias                       = "west"
region                      = var.region
access_key                  = "AKIAIOSFODNN7EXAMPLE"
secret_key                  = "none"
skip_credentials_validation = true
skip_requesting_account_id  = true
default_tags {
  tags = { a = "b" }
}
endpoints {
  ssm = "http://127.0.0.1:1"
}
`), variables)
	require.NoError(t, err)
	require.NoError(t, p.Configure(t.Context(), config, "1.11.4"))
	_, err = p.Read(t.Context(), tfplugin.Resource{Type: "aws_nothing", Attributes: []byte(`{}`)})
	require.Error(t, err)
	require.False(t, p.Exited())

	p.Close()
	require.Eventually(t, func() bool { return p.Exited() && len(processes(t, mark)) == 0 }, 10*time.Minute, 10*time.Millisecond)
}

func TestStartFailsForWhatIsNoProvider(t *testing.T) {
	t.Parallel()
	for _, binary := range []string{"/bin/true", "/nonexistent"} {
		_, err := tfplugin.Start(tfplugin.Command{Path: binary})
		require.Error(t, err)
	}
}

func TestAProviderEndsWithItsParent(t *testing.T) {
	t.Parallel()
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), helperEnv+"="+provider(t))
	out, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	line := make([]byte, 8)
	_, err = out.Read(line)
	require.NoError(t, err)
	pids := childrenOf(t, helper.Process.Pid)
	require.Len(t, pids, 1)
	require.NoError(t, helper.Process.Kill())
	_ = helper.Wait()
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile("/proc/" + pids[0] + "/stat")
		_, state, _ := strings.Cut(string(stat), ") ")
		return err != nil || strings.HasPrefix(state, "Z")
	}, time.Minute, 10*time.Millisecond)
}

func childrenOf(t *testing.T, pid int) []string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	var children []string
	for _, name := range files {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		children = append(children, strings.Fields(string(content))...)
	}
	return children
}
