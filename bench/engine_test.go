package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
	"github.com/aegisworld/aegis/internal/toolchain"
	"github.com/aegisworld/aegis/stacks"
)

// BenchmarkEngine compares the engine with the stock CLI on an emulated
// account; its figures are printed, and those above their bounds fail it.
func BenchmarkEngine(b *testing.B) {
	const region = "eu-west-1"
	root, err := filepath.Abs("..")
	require.NoError(b, err)
	tools, err := toolchain.Detect(b.Context(), toolchain.Options{Root: root, Env: os.Getenv})
	require.NoError(b, err)
	account := sandboxtest.Start(b, region)
	dir := b.TempDir()
	program := filepath.Join(dir, "estate")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../cmd/estate")
	build.Stderr = os.Stderr
	require.NoError(b, build.Run())
	require.NoError(b, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	for b.Loop() {
		err = Engine(b.Context(), EngineConfig{
			Region: region, Program: program, LanguageHost: tools.LanguageHost, PulumiHome: tools.PulumiHome,
			Engine: engine.Config{
				PulumiCLI: tools.PulumiCLI, AWSPlugin: tools.AWSPlugin,
				TerraformProviderAWS: tools.TerraformProviderAWS, PluginCache: tools.PluginCache,
				Program: stacks.Program, BackendURL: "file://" + filepath.Join(dir, "state"),
				PassphraseFile: account.PulumiPassphraseFile, WorkDir: filepath.Join(dir, "work"),
				AWSEndpoint: account.AWSEndpoint, AccountID: account.AccountID, DigestKey: []byte("0123456789abcdef"),
				Credentials: func(context.Context, aegis.StackRun) (aegis.Credentials, error) {
					return aegis.Credentials{
						AccessKeyID: account.AutopilotAccessKeyID, SecretAccessKey: account.AutopilotSecretAccessKey,
						Expires: time.Now().Add(time.Hour),
					}, nil
				},
			},
		}, os.Stderr)
		require.NoError(b, err)
	}
}

func TestMemoryOfDescendants(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "read x; exit 0")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	peak := watchMemory(t.Context())
	require.Eventually(t, func() bool { return descendantMemory(os.Getpid()) > 0 }, 10*time.Minute, time.Millisecond)
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
	require.NotPanics(t, func() { peak() })
}
