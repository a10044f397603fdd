package cli

import "github.com/spf13/cobra"

// policy holds the verbs of who writes policies. The first ones need no API.
func (c *cli) policy() *cobra.Command {
	return group("policy", "Write, try and ship policies",
		c.policyNew(), c.policyCheck(), c.policyTest(), c.policyEval(), c.policyDiff(), c.policyBuild(), c.policySign(), c.policyKey(),
		c.policySimulate(), c.policyPush(), c.policyList(), c.policyRollback(),
		c.policyDecisions())
}
