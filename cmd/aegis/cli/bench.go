package cli

import "github.com/spf13/cobra"

func (c *cli) bench() *cobra.Command {
	return &cobra.Command{
		Use: "bench [NAME] [FLAGS]", Short: "Measure this build, as ratios", DisableFlagParsing: true,
		Example: "  aegis bench\n  aegis bench chaos --n 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
				return cmd.Help()
			}
			return c.ops.Bench(cmd.Context(), args, c.Out)
		},
	}
}
