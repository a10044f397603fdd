package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) adoptPulumi() *cobra.Command {
	var a adoptFlags
	var state string
	cmd := &cobra.Command{
		Use: "pulumi [DIR]", Short: "Adopt a Pulumi stack", Args: cobra.MaximumNArgs(1),
		Long: "Adopt a Pulumi stack: its real resources are read, and its configuration becomes its spec. At first it is only\n" +
			"observed: drift is reported, and nothing is written. `aegis adopt promote` or --managed lets it be changed:\n" +
			"planned, judged, applied and reconciled like the estate's own stacks.\n\n" +
			"DIR is the project, with its Pulumi.yaml. It is sent as a path when the API is on this machine, else as an\n" +
			"archive. Its program runs on the server, which needs the language and the plugins. With --state in place of\n" +
			"DIR, the stack is known by what `pulumi stack export` wrote: it has no program then, and is only ever observed.\n\n" +
			"Secrets stay where they are: the passphrase is read from a file of the project, or of the server.",
		Example: "  aegis adopt pulumi ./shop --stack prod --passphrase-file passphrase --region us-east-1 --watch\n" +
			"  aegis adopt pulumi --state shop.json --stack-id shop --region us-east-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.adoptProject(cmd.Context(), strings.Join(args, ""), state, a)
		},
	}
	f := cmd.Flags()
	a.place(f, "the name of DIR, with the stack")
	f.StringVar(&a.Source.Stack, "stack", "", "name of the stack in the project, without an organization")
	f.StringVar(&state, "state", "", "file that `pulumi stack export` wrote, in place of DIR")
	f.StringVar(&a.Source.BackendURL, "backend-url", "", "where the state is, file:// or s3:// (default what Pulumi.yaml says)")
	f.StringVar(&a.Source.PassphraseFile, "passphrase-file", "", "file with the passphrase of the stack's secrets: of the project, or an absolute path on the server")
	a.source(f)
	return needed(cmd, "region")
}

func (c *cli) adoptProject(ctx context.Context, dir, state string, a adoptFlags) error {
	a.Kind = aegis.TargetPulumiStack
	switch {
	case state != "" && (dir != "" || a.Source.Stack != ""):
		return usage("--state stands for itself: give either it, or DIR with --stack")
	case state != "" && a.managed:
		return usage("--managed: a stack that is known by its state alone can only be observed")
	case state == "" && (dir == "" || a.Source.Stack == ""):
		return usage("give DIR with --stack, or --state")
	case state != "":
		return c.adoptState(ctx, state, a)
	}
	return c.adoptFolder(ctx, dir, a.Source.Stack, a)
}

func (c *cli) adoptState(ctx context.Context, name string, a adoptFlags) error {
	var err error
	if a.Source.State, err = os.ReadFile(name); err != nil { //nolint:gosec // the user's own file
		return usage("--state: %s", err)
	}
	if len(a.Source.State) > maxPacked {
		return usage("--state: %s is larger than %d MiB", name, maxPacked>>20)
	}
	if a.StackID == "" {
		a.StackID = stackIDOf(strings.TrimSuffix(name, filepath.Ext(name)), "")
	}
	return c.sendAdoption(ctx, c.api(), a)
}
