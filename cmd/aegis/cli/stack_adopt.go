package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/client"
)

func (c *cli) stackAdopt() *cobra.Command {
	var a client.Adoption
	cmd := &cobra.Command{
		Use: "adopt STACK_ID", Short: "Adopt a Terraform workspace", Args: oneArg("STACK_ID"),
		Long: "Adopt a Terraform workspace: it is planned, judged, applied and reconciled like the estate's own stacks.\n" +
			"The path is one on the server.",
		Example: "  aegis stack adopt dns --path /srv/terraform/dns --region us-east-1 --environment prod",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !filepath.IsAbs(a.Source.Path) {
				return usage("--path: give an absolute path on the server")
			}
			a.StackID = args[0]
			s, err := c.api().AdoptStack(cmd.Context(), a)
			if err != nil {
				return err
			}
			return c.showStack(s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Source.Path, "path", "", "working directory on the server (needed)")
	f.StringVar(&a.Source.Workspace, "workspace", "", "Terraform workspace (default \"default\")")
	f.StringToStringVar(&a.Source.BackendConfig, "backend-config", nil, "settings of the backend, key=value")
	f.StringVar(&a.Region, "region", "", "the estate's region that it belongs to (needed)")
	f.StringVar(&a.Environment, "environment", "prod", "environment that it belongs to")
	f.StringVar(&a.Layer, "layer", "", "layer, for policies that look at it")
	return needed(cmd, "path", "region")
}

// needed makes flags that were left out wrong usage.
func needed(cmd *cobra.Command, names ...string) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range names {
			if !cmd.Flags().Changed(name) {
				return usage("--%s is needed: %s", name, cmd.Flags().Lookup(name).Usage)
			}
		}
		return run(cmd, args)
	}
	return cmd
}
