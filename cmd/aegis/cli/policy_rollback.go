package cli

import "github.com/spf13/cobra"

func (c *cli) policyRollback() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rollback", Short: "Run the policy bundle that ran before", Args: noArgs,
		Long: "Run the policy bundle that ran before the active one, and wait until it does. It is a change of its own: judged by\n" +
			"the rules that run, tried beside them, activated. Each rollback goes one bundle further back.",
	}
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cs, err := c.api().RollbackBundle(cmd.Context())
		if err != nil {
			return err
		}
		return c.followBundle(cmd.Context(), cs.ChangeSetID, fail)
	}
	return cmd
}
