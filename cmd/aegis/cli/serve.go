package cli

import "github.com/spf13/cobra"

func (c *cli) serve() *cobra.Command {
	var config, bundle string
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the API and work, against real services", Args: noArgs,
		Long: "Serve the API and run workers against the services that the configuration names. Any number of processes\n" +
			"on one database share the load.",
		Example: "  aegis serve --config /etc/aegis.yaml\n  aegis serve --config /etc/aegis.yaml --policy-bundle /etc/aegis/deny-all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ops.Serve(cmd.Context(), config, bundle, c.Err)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file (YAML); AEGIS_* variables override it")
	cmd.Flags().StringVar(&bundle, "policy-bundle", "", "folder of a policy bundle that overrides whatever runs")
	return cmd
}
