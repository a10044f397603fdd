package cli

import "github.com/spf13/cobra"

func (c *cli) bootstrap() *cobra.Command {
	var o BootstrapOptions
	cmd := &cobra.Command{
		Use: "bootstrap", Short: "Create the estate's stacks in order, once", Args: noArgs,
		Long: "Create the estate's stacks in order, before there is an autopilot. What exists is left as it is, what is half\n" +
			"done is finished; the autopilot then manages those very stacks.",
		Example: "  aegis bootstrap --config /etc/aegis.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ops.Bootstrap(cmd.Context(), o, c.Out)
		},
	}
	cmd.Flags().StringVar(&o.ConfigFile, "config", "", "configuration file (YAML)")
	cmd.Flags().StringVar(&o.Estate, "estate", "", "estate to create, in place of the configuration's")
	cmd.Flags().StringVar(&o.Environment, "environment", "", "environment, in place of the configuration's")
	return cmd
}
