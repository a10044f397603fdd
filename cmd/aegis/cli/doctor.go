package cli

import "github.com/spf13/cobra"

func (c *cli) doctor() *cobra.Command {
	var enginesOnly bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what is here, what is missing and what to do about it", Args: noArgs,
		Long: "Print the tools that the main job needs, where each was found, and the remedy for what is missing.\n" +
			"Exits 1 when the main job can't run.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.checkOutput(); err != nil {
				return err
			}
			return c.ops.Doctor(cmd.Context(), c.Out, c.output == "json", enginesOnly)
		},
	}
	cmd.Flags().StringVarP(&c.output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&enginesOnly, "engines-only", false, "without what only the sandbox runs")
	return cmd
}
