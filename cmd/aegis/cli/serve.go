package cli

import "github.com/spf13/cobra"

func (c *cli) serve() *cobra.Command {
	o := ServeOptions{Stderr: c.Err}
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the API and work, against real services", Args: noArgs,
		Long: "Serve the API and run workers against the services that the configuration names. Any number of processes\n" +
			"on one database share the load. At its start a process brings the database's schema up to date, under a lock;\n" +
			"--migrate-only does that and no more, and needs no AWS.",
		Example: "  aegis serve --config /etc/aegis.yaml\n  aegis serve --config /etc/aegis.yaml --policy-bundle /etc/aegis/deny-all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ops.Serve(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.ConfigFile, "config", "", "configuration file (YAML); AEGIS_* variables override it")
	cmd.Flags().StringVar(&o.PolicyBundle, "policy-bundle", "", "folder of a policy bundle that overrides whatever runs")
	cmd.Flags().BoolVar(&o.MigrateOnly, "migrate-only", false, "bring the control database's schema up to date and end")
	return cmd
}
