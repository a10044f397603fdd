package toolchain

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDetectThisMachine(t *testing.T) {
	t.Parallel()
	tools, err := Detect(t.Context(), Options{Root: "../..", Env: os.Getenv})
	require.NoError(t, err)
	for _, item := range tools.Report() {
		require.Truef(t, item.OK || !item.Required, "%s is missing, run `make setup` first: %s", item.Name, item.Remedy)
	}
	require.True(t, tools.Complete())
	for _, path := range []string{tools.PulumiCLI, tools.AWSPlugin, tools.TerraformCLI, tools.TerraformProviderAWS} {
		require.True(t, filepath.IsAbs(path), path)
		require.FileExists(t, path)
	}
	require.FileExists(t, filepath.Join(tools.PostgresBin, "initdb"))
}

func TestTerraformTakesTheProviderFromTheMirror(t *testing.T) {
	t.Parallel()
	tools, err := Detect(t.Context(), Options{Root: "../..", Env: os.Getenv})
	require.NoError(t, err)
	require.NotEmpty(t, tools.TerraformRC, "run `make setup` first")
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.tf"), []byte(requirement), 0o600))
	terraform := exec.CommandContext(t.Context(), tools.TerraformCLI, "init", "-input=false", "-no-color")
	terraform.Dir = folder
	terraform.Env = []string{"TF_CLI_CONFIG_FILE=" + tools.TerraformRC, "HOME=" + folder}
	output, err := terraform.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Contains(t, string(output), "Installed hashicorp/aws v5.100.0")
}

func TestDetectOnAnEmptyMachine(t *testing.T) {
	t.Parallel()
	tools := newFake(t).detect(t.Context())
	require.False(t, tools.Complete())
	require.Len(t, tools.Report(), len(pieces()))
	for _, item := range tools.Report() {
		require.False(t, item.OK, item.Name)
		require.NotEmpty(t, item.Remedy, item.Name)
	}
}

func TestEnginesOnly(t *testing.T) {
	t.Parallel()
	f := equipped(t)
	f.enginesOnly = true
	require.NoError(t, os.RemoveAll(filepath.Join(f.filesystem, "usr")))
	require.NoError(t, os.Remove(filepath.Join(f.path, emulatorName)))
	require.NoError(t, f.setup(t.Context(), io.Discard))
	tools := f.detect(t.Context())
	require.True(t, tools.Complete(), "a server needs no database's programs and no emulator")
	for _, item := range tools.Report() {
		require.NotContains(t, []string{"PostgreSQL server", "pgvector", "AWS emulator"}, item.Name)
	}
	f.enginesOnly = false
	require.False(t, f.detect(t.Context()).Complete())
}

func TestToolsDir(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	binary := filepath.Join(top, "installed", "bin", "aegis")
	require.NoError(t, os.MkdirAll(filepath.Dir(binary), 0o755))
	require.NoError(t, os.WriteFile(binary, nil, 0o755))
	link := filepath.Join(top, "link")
	require.NoError(t, os.Symlink(binary, link))
	dir := func(o Options) string {
		tools, err := Detect(t.Context(), o)
		require.NoError(t, err)
		return tools.Dir
	}

	require.Equal(t, filepath.Join(top, ".aegis"), dir(Options{Root: top, Executable: link}), "the checkout's")
	require.NoError(t, os.Mkdir(filepath.Join(top, "installed", ".aegis"), 0o755))
	require.Equal(t, filepath.Join(top, "installed", ".aegis"), dir(Options{Root: top, Executable: link}), "the installation's")
	set := func(name string) string { return map[string]string{"AEGIS_TOOLS": "/elsewhere"}[name] }
	require.Equal(t, "/elsewhere", dir(Options{Root: top, Executable: link, Env: set}), "the one that is set")
}

func TestCheckoutOfTheBinary(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, name := range []string{"bin/aegis", "tools/pulumi/go.mod"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(top, name), nil, 0o755))
	}
	m, err := newMachine(Options{Executable: filepath.Join(top, "bin", "aegis")})
	require.NoError(t, err)
	require.Equal(t, top, m.root)
	require.Equal(t, filepath.Join(top, ".aegis"), m.dir)
}

func TestLookPathIgnoresRelativeFolders(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.vars["PATH"] = ".:" + f.path
	require.Empty(t, f.lookPath("detect_test.go"))
	want := f.program(t, "tool", "")
	require.Equal(t, want, f.lookPath("tool"))
}
