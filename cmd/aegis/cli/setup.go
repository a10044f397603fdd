package cli

import "github.com/spf13/cobra"

func (c *cli) setup() *cobra.Command {
	var enginesOnly bool
	cmd := &cobra.Command{
		Use: "setup", Short: "Get what the engines and the sandbox need", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.ops.Setup(cmd.Context(), c.Out, enginesOnly) },
	}
	cmd.Flags().BoolVar(&enginesOnly, "engines-only", false, "without what only the sandbox runs, as for an image that serves")
	return cmd
}
