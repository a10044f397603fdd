package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/policies/archive"
)

// signedByOperator are the files of a bundle that stands alone, signed.
func signedByOperator(t *testing.T, key archive.SigningKey, revision string) archive.Files {
	t.Helper()
	files, err := archive.Sign(archive.Files{
		".manifest": fmt.Appendf(nil, `{"revision":%q,"roots":["aegis"]}`, revision),
		"aegis/gate.rego": []byte(`package aegis.gate

deny := set()

warn := set()

require := {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}

execution_policy := {}
`),
	}, key)
	require.NoError(t, err)
	return files
}

// put replaces what is in a folder.
func put(t *testing.T, dir string, files archive.Files) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, files[name], 0o600))
	}
}

// TestPolicySource has a sandbox take bundles from a folder, and keep the last
// good one.
func TestPolicySource(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	private, public, err := archive.GenerateKey(archive.ES256)
	require.NoError(t, err)
	key, err := archive.ParseSigningKey(private, "ops", "")
	require.NoError(t, err)
	shelf, scratch := filepath.Join(t.TempDir(), "shelf"), t.TempDir()
	publicFile := filepath.Join(scratch, "ops.pub.pem")
	require.NoError(t, os.WriteFile(publicFile, public, 0o600))
	put(t, shelf, signedByOperator(t, key, "acme-1"))

	log := &syncBuffer{}
	p, err := e2e.Start(ctx, e2e.Options{
		Executable: binary(), DataDir: filepath.Join(scratch, "data"), Estate: "none", Log: log,
		Args: []string{"--policy-source", "file://" + shelf, "--policy-key", "ops=" + publicFile},
	})
	require.NoError(t, err, log.tail())
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		_ = p.Stop(stop)
	})
	awaitBundle := func(what string, found func(b aegis.PolicyBundle) bool) {
		t.Helper()
		c := client.New(p.URL, p.Token)
		require.NoError(t, e2e.Await(ctx, what, func(ctx context.Context) (bool, error) {
			list, err := c.Bundles(ctx, aegis.Page{})
			return slices.ContainsFunc(list.Items, found), err
		}), log.tail())
	}
	runs := func(b aegis.PolicyBundle) bool {
		return b.State == aegis.BundleActive && b.Signer == "ops" && b.ActivatedAt != nil
	}
	awaitBundle("the source's bundle to run", runs)

	// A file that was changed after it was signed is refused.
	put(t, shelf, archive.Files{"aegis/gate.rego": []byte("package aegis.gate\n\ndeny := set()\n")})
	awaitBundle("the changed bundle to be refused", func(b aegis.PolicyBundle) bool {
		return b.State == string(aegis.StateFailed) && b.Error != ""
	})
	awaitBundle("the good one to run on", runs)

	// The source vanishes, and the process starts anew without it.
	require.NoError(t, os.RemoveAll(shelf))
	awaitBundle("the lost source to be told", func(b aegis.PolicyBundle) bool { return b.State == aegis.BundleRefused })
	require.NoError(t, p.Kill())
	p, err = p.Restart(ctx)
	require.NoError(t, err, log.tail())
	awaitBundle("the good one to run after a restart", runs)
}
