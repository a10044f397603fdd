package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// denySetting denies changes of settings whose name has a word; then, when
// given, is what else must hold.
func denySetting(code, word, then string) string {
	return fmt.Sprintf(`package aegis.gate

# METADATA
# title: Setting not for goals
# custom:
#   code: %s
#   severity: high
#   remediation: Ask the team that owns it.
deny contains {"code": %q, "msg": "the setting is not for goals", "address": change.address} if {
	some change in input.diff
	change.type == "aws_ssm_parameter"
	contains(change.address, %q)
	%s
}
`, code, code, word, then)
}

// bundleDir holds one module to be composed with the running bundle.
func bundleDir(t *testing.T, name, module string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(module), 0o600))
	return dir
}

// runningRevision is that of the bundle that runs.
func runningRevision(ctx context.Context, t *testing.T, c *client.Client) string {
	t.Helper()
	list, err := c.Bundles(ctx, aegis.Page{Limit: 500})
	require.NoError(t, err)
	for _, b := range list.Items {
		if b.State == aegis.BundleActive {
			return b.Digest
		}
	}
	t.Fatal("no bundle is active")
	return ""
}

// TestPoliciesAreShipped has bundles pushed, obeyed, undone by themselves and
// rolled back. Its rules are about settings of its own, so that other tests go
// on beside it.
func TestPoliciesAreShipped(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	c := client.New(estate.URL, estate.Token)
	ask := func(setting string) (aegis.Goal, aegis.AutonomousChangeSet) {
		g, sets := goal(ctx, t, estate.Process, aegis.GoalSpec{Intent: "set setting " + setting + " to yes in us-east-1"})
		require.Len(t, sets, 1, g.Error)
		return g, sets[0]
	}
	g, _ := ask("owned-a")
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)

	out, code := aegisCLI(ctx, t, "policy", "push", bundleDir(t, "acme_owned.rego", denySetting("setting_owned", "owned", "")))
	require.Zero(t, code, out)
	require.Contains(t, out, "signed by  sandbox")
	require.Contains(t, out, "1 new, 0 changed, 0 gone")
	pushed := runningRevision(ctx, t, c)
	g, denied := ask("owned-b")
	require.Equal(t, aegis.GoalDenied, g.State)
	require.Equal(t, []string{"setting_owned"}, codes(denied))
	require.Contains(t, denied.Denials[0].Msg, "Ask the team that owns it.")
	require.Contains(t, denied.Denials[0].Address, "owned-b")

	// What is not signed is refused, and what runs stays.
	refused := pushRaw(ctx, t, c, archive.Files{"free.rego": []byte(denySetting("other", "other", ""))})
	require.Equal(t, aegis.StateFailed, refused.PromotionState)
	require.Contains(t, refused.Error, "not signed")
	require.Equal(t, pushed, runningRevision(ctx, t, c))

	// What does not compile is refused with its place.
	out, code = aegisCLI(ctx, t, "policy", "push", bundleDir(t, "broken.rego", "package aegis.gate\n\ndeny contains x if y\n"))
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "broken.rego:3:")
	require.Equal(t, pushed, runningRevision(ctx, t, c))

	// What gives no answer once it decides is undone by itself.
	out, code = aegisCLI(ctx, t, "policy", "push", bundleDir(t, "acme_cursed.rego", denySetting("never", "cursed", `to_number("none") > 0`)))
	require.Zero(t, code, out)
	require.NotEqual(t, pushed, runningRevision(ctx, t, c))
	g, denied = ask("cursed")
	require.Equal(t, aegis.GoalDenied, g.State)
	require.Equal(t, []string{policies.CodeError}, codes(denied))
	require.NoError(t, e2e.Await(ctx, "the faulty bundle to be undone", func(ctx context.Context) (bool, error) {
		return runningRevision(ctx, t, c) == pushed, nil
	}))
	g, _ = ask("cursed")
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)

	// Rolling back brings back what ran before.
	out, code = aegisCLI(ctx, t, "policy", "rollback")
	require.Zero(t, code, out)
	g, _ = ask("owned-b")
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
}

// pushRaw pushes a bundle, as it is, through the API.
func pushRaw(ctx context.Context, t *testing.T, c *client.Client, files archive.Files) aegis.AutonomousChangeSet {
	t.Helper()
	var packed bytes.Buffer
	require.NoError(t, files.Tar(&packed))
	cs, err := c.PushBundle(ctx, packed.Bytes(), "")
	require.NoError(t, err)
	cs, err = e2e.AwaitChangeSet(ctx, c, cs.ChangeSetID)
	require.NoError(t, err)
	return cs
}
