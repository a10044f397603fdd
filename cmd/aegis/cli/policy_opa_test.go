package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/cmd/aegis/cli"
	"github.com/aegisworld/aegis/internal/toolchain"
	"github.com/aegisworld/aegis/policies/archive"
)

// stock runs the opa command of the version that the gate uses; see tools/opa.
type stock struct{ path, dir string }

func stockOPA(t *testing.T, dir string) stock {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	path, err := toolchain.OPA(t.Context(), toolchain.Options{Root: root, Env: os.Getenv}, t.Output())
	require.NoError(t, err)
	return stock{path, dir}
}

func (o stock) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), o.path, args...)
	cmd.Dir, cmd.Env = o.dir, []string{"HOME=" + o.dir}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// opa is run, and no failure.
func (o stock) opa(t *testing.T, args ...string) string {
	t.Helper()
	out, err := o.run(t, args...)
	require.NoError(t, err, "opa %s: %s", strings.Join(args, " "), out)
	return out
}

// aegisVerb runs a verb that needs no API and demands success.
func aegisVerb(t *testing.T, args ...string) {
	t.Helper()
	var out, errs strings.Builder
	code := cli.Run(t.Context(), args, cli.Streams{Out: &out, Err: &errs}, func(string) string { return "" }, operations())
	require.Zero(t, code, errs.String())
}

func TestStockOPA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opa := stockOPA(t, dir)
	source, err := filepath.Abs("../../../policies")
	require.NoError(t, err)
	pack, whole := filepath.Join(dir, "acme"), filepath.Join(dir, "whole")
	aegisVerb(t, "policy", "new", pack)
	aegisVerb(t, "policy", "new", whole, "--whole")

	t.Run("checks and tests the shipped bundle", func(t *testing.T) {
		t.Parallel()
		pure := filepath.Join(source, "capabilities.json")
		opa.opa(t, "check", "--strict", "--schema", filepath.Join(source, "schemas"), "--capabilities", pure, filepath.Join(source, "bundle"))
		asks := filepath.Join(t.TempDir(), "a.rego")
		require.NoError(t, os.WriteFile(asks, []byte("package acme\n\nx := http.send({})\n"), 0o600))
		out, err := opa.run(t, "check", "--capabilities", pure, asks)
		require.Error(t, err)
		require.Contains(t, out, "undefined function http.send")
		require.Contains(t, opa.opa(t, "test", "--bundle", filepath.Join(source, "bundle")), "PASS")
	})
	t.Run("checks, tests and formats a new bundle", func(t *testing.T) {
		t.Parallel()
		opa.opa(t, "check", "--strict", "--schema", filepath.Join(source, "schemas"), pack)
		require.Contains(t, opa.opa(t, "test", pack), "PASS: 4/4")
		require.Empty(t, opa.opa(t, "fmt", "--list", pack))
		broken := filepath.Join(t.TempDir(), "a.rego")
		require.NoError(t, os.WriteFile(broken, []byte("package aegis.packs.acme\n\n# METADATA\n# schemas:\n#   - input: schema.gate.input\nx if input.dif\n"), 0o600))
		out, err := opa.run(t, "check", "--schema", filepath.Join(source, "schemas"), broken)
		require.Error(t, err)
		require.Contains(t, out, "undefined ref: input.dif")
	})
	for _, algorithm := range []string{archive.RS256, archive.ES256, archive.EdDSA} {
		key := filepath.Join(dir, algorithm)
		aegisVerb(t, "policy", "key", key, "--algorithm", algorithm)
		t.Run("takes a bundle signed here with "+algorithm, func(t *testing.T) {
			t.Parallel()
			file := key + "-here.tar.gz"
			aegisVerb(t, "policy", "build", whole, "--to", file, "--revision", "r7", "--signing-key", key+".pem", "--signing-key-id", "k1")
			verify := []string{
				"build", "--bundle", file, "--verification-key", key + ".pub.pem", "--verification-key-id", "k1",
				"--signing-alg", algorithm, "--output", key + "-verified.tar.gz",
			}
			opa.opa(t, verify...)
			require.Contains(t, opa.opa(t, "inspect", file), "r7")
			require.Equal(t, "20\n", opa.opa(t, "eval", "--bundle", file, "--format", "raw", "data.aegis.settings.change_too_large.most"))
			require.Contains(t, opa.opa(t, "test", "--bundle", file, "--run", "acme"), "PASS: 4/4")

			tampered, err := readTar(file)
			require.NoError(t, err)
			tampered["acme/change_too_large.rego"] = []byte("package aegis.packs.acme\n")
			writeTar(t, file, tampered)
			out, err := opa.run(t, verify...)
			require.Error(t, err)
			require.Contains(t, out, "acme/change_too_large.rego")
		})
		t.Run("signs with "+algorithm+" what is taken here", func(t *testing.T) {
			t.Parallel()
			file := key + "-stock.tar.gz"
			there := opa
			there.dir = whole
			there.opa(t, "build", "--bundle", ".", "--signing-key", key+".pem", "--signing-alg", algorithm, "--output", file)
			aegisVerb(t, "policy", "check", file)
			aegisVerb(t, "policy", "test", file)
			files, err := readTar(file)
			require.NoError(t, err)
			public, err := os.ReadFile(key + ".pub.pem")
			require.NoError(t, err)
			// opa build gives keys the id "default" unless a claims file says otherwise.
			trusted, err := archive.ParsePublicKey(public, algorithm)
			require.NoError(t, err)
			_, err = archive.Verify(files, archive.Keys{"default": trusted})
			require.NoError(t, err)
			files["data.json"] = []byte("{}")
			_, err = archive.Verify(files, archive.Keys{"default": trusted})
			require.ErrorIs(t, err, archive.ErrChanged)
		})
	}
}

func readTar(name string) (archive.Files, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return archive.ReadTar(f, archive.DefaultLimits())
}

func writeTar(t *testing.T, name string, files archive.Files) {
	t.Helper()
	f, err := os.Create(name)
	require.NoError(t, err)
	require.NoError(t, files.Tar(f))
	require.NoError(t, f.Close())
}
