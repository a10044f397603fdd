package cli

import "github.com/spf13/cobra"

// policy holds the verbs of who writes policies.
func (c *cli) policy() *cobra.Command {
	return group("policy", "Write, try and ship policies", c.policySimulate(), c.policyPush(), c.policyList(), c.policyRollback())
}
