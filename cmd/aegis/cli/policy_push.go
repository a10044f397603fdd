package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

// signingKeyVariable names the file of the key that pushes are signed with.
const signingKeyVariable = "AEGIS_POLICY_SIGNING_KEY"

// sandboxSigningKey is the file, in a sandbox's data folder, of the key that
// signs bundles there.
const sandboxSigningKey = "policy-signing.pem"

// pushFlags say how a bundle is signed.
type pushFlags struct{ key, keyID string }

func (c *cli) policyPush() *cobra.Command {
	cmd := &cobra.Command{
		Use: "push DIR|FILE.tar.gz", Short: "Ship a policy bundle", Args: oneArg("DIR or FILE.tar.gz"),
		Long: "Ship a policy bundle and wait until it runs. A bundle with a .manifest replaces the running one; one without is\n" +
			"composed with it, module by module. It is checked, tested, replayed on recorded decisions, judged by the rules that\n" +
			"run and tried beside them before it decides. Denying more never undoes a push; giving no answer does.",
		Example: "  aegis policy push ./acme\n" +
			"  aegis policy push ./acme --signing-key ~/keys/acme.pem --signing-key-id acme-2026\n" +
			"  aegis policy push bundle.tar.gz --fail-on deny\n\n" +
			"Without a key, a bundle for a sandbox on this machine is signed with the sandbox's.",
	}
	var p pushFlags
	cmd.Flags().StringVar(&p.key, "signing-key", "", "a private key in PEM to sign with (default $"+signingKeyVariable+"; none keeps the bundle's signature)")
	cmd.Flags().StringVar(&p.keyID, "signing-key-id", "", "the key's id, where the API knows several")
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		files, composedOn, err := c.bundleToPush(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if files, err = c.signed(cmd.Context(), files, p); err != nil {
			return err
		}
		var packed bytes.Buffer
		if err := files.Tar(&packed); err != nil {
			return err
		}
		cs, err := c.api().PushBundle(cmd.Context(), packed.Bytes(), composedOn)
		if err != nil {
			return err
		}
		return c.followBundle(cmd.Context(), cs.ChangeSetID, fail)
	}
	return cmd
}

// bundleToPush reads a bundle. One without a manifest is composed with the
// running one, whose digest it returns.
func (c *cli) bundleToPush(ctx context.Context, name string) (files archive.Files, composedOn string, err error) {
	if files, err = readBundle(name); err != nil || files.Whole() {
		return files, "", err
	}
	active, err := c.api().ActiveBundle(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read the running policy bundle: %w", err)
	}
	running, err := archive.ReadTar(bytes.NewReader(active.Archive), archive.DefaultLimits())
	if err != nil {
		return nil, "", fmt.Errorf("unpack the running policy bundle: %w", err)
	}
	files, err = archive.Compose(running, files)
	if err != nil {
		return nil, "", fmt.Errorf("compose %s with the running policy bundle: %w", name, err)
	}
	return files, active.Digest, nil
}

// readBundle reads a folder or a .tar.gz.
func readBundle(name string) (archive.Files, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read the policy bundle: %w", err)
	}
	var files archive.Files
	if info.IsDir() {
		files, err = archive.ReadFS(os.DirFS(name), archive.DefaultLimits())
	} else {
		files, err = readPacked(name)
	}
	if err == nil && len(files) == 0 {
		err = usage("%s has no policy in it", name)
	}
	return files, err
}

func readPacked(name string) (archive.Files, error) {
	f, err := os.Open(name) //nolint:gosec // the caller names it
	if err != nil {
		return nil, fmt.Errorf("read the policy bundle: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return archive.ReadTar(f, archive.DefaultLimits())
}

// signed signs the bundle with the key that was named, if any, or one that has
// no signature with the key of a sandbox on this machine.
func (c *cli) signed(ctx context.Context, files archive.Files, p pushFlags) (archive.Files, error) {
	name := cmp.Or(p.key, c.getenv(signingKeyVariable))
	if name == "" && files[archive.SignaturesName] == nil {
		active, err := c.api().ActiveBundle(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for a sandbox's signing key: %w", err)
		}
		if active.SandboxDir != "" {
			name = filepath.Join(active.SandboxDir, sandboxSigningKey)
		}
	}
	if name == "" {
		return files, nil
	}
	key, err := signingKey(name, p.keyID)
	if err != nil {
		return nil, err
	}
	return archive.Sign(files, key)
}

// signingKey reads a private key.
func signingKey(name, id string) (archive.SigningKey, error) {
	text, err := os.ReadFile(name) //nolint:gosec // the caller names it
	if err != nil {
		return archive.SigningKey{}, fmt.Errorf("read the signing key: %w", err)
	}
	key, err := archive.ParseSigningKey(text, id, "")
	if err != nil {
		return archive.SigningKey{}, fmt.Errorf("read the signing key %s: %w", name, err)
	}
	return key, nil
}

// followBundle shows progress until the change set ended, and then what the
// bundle changes.
func (c *cli) followBundle(ctx context.Context, id string, fail *failOn) error {
	err := c.followChange(ctx, id, fail)
	if c.output == "json" {
		return err
	}
	cs, readErr := c.api().ChangeSet(ctx, id)
	if readErr == nil && cs.Policy != nil && cs.Policy.Revision != "" {
		var b strings.Builder
		writeBundle(&b, cs)
		_, _ = io.WriteString(c.Out, b.String()) // nobody is left to tell
	}
	return err
}

// writeBundle says what was shipped and what it would have decided otherwise.
func writeBundle(w io.Writer, cs aegis.AutonomousChangeSet) {
	p := cs.Policy
	count := map[aegis.Action]int{}
	for _, d := range cs.Diff {
		count[d.Action]++
	}
	facts(w,
		"revision", p.Revision, "digest", p.Digest, "signed by", cmp.Or(p.SignedBy, "nobody"),
		"files", fmt.Sprintf("%d new, %d changed, %d gone", count[aegis.ActionCreate], count[aegis.ActionUpdate], count[aegis.ActionDelete]),
		"tests", fmt.Sprintf("%d passed, %d failed, coverage %.1f %%", p.Tests.Passed, p.Tests.Failed, p.Tests.Coverage),
		"replayed", fmt.Sprintf("%d recorded decisions: %d newly denied, %d newly allowed, %d without an answer",
			p.Simulation.Evaluated, p.Simulation.NewlyDenied, p.Simulation.NewlyAllowed, p.Simulation.Errors))
}
