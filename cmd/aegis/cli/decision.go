package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) decision() *cobra.Command {
	return group("decision", "Read policy decisions", c.decisionList(), c.decisionGet())
}

func (c *cli) decisionList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List policy decisions, newest first", Args: noArgs}
	page := pageFlags(cmd)
	var stack string
	cmd.Flags().StringVar(&stack, "stack", "", "only those about this stack")
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Decisions(cmd.Context(), aegis.DecisionFilter{StackID: stack}, *page)
		if err != nil {
			return err
		}
		if err := c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, d := range list.Items {
				rows[i] = []string{d.DecisionID, verdict(d), d.ChangeSetID, c.ago(d.DecidedAt), short(rules(d.Result.Deny), 70)}
			}
			table(w, "DECISION VERDICT CHANGE_SET DECIDED RULES", rows)
			more(w, list.NextCursor)
		}); err != nil {
			return err
		}
		for _, d := range list.Items {
			if fail.value == "deny" && !d.Allowed {
				return found("decision %s denied change set %s: %s", d.DecisionID, d.ChangeSetID, rules(d.Result.Deny))
			}
		}
		return nil
	}
	return cmd
}

func verdict(d aegis.Decision) string {
	if d.Allowed {
		return "allowed"
	}
	return "denied"
}

func (c *cli) decisionGet() *cobra.Command {
	return &cobra.Command{
		Use: "get DECISION_ID", Short: "Show a policy decision; -o json has its input", Args: oneArg("DECISION_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.api().Decision(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(d, func(w io.Writer) {
				facts(w,
					"decision", d.DecisionID, "verdict", verdict(d), "change set", d.ChangeSetID, "denied by", rules(d.Result.Deny),
					"warnings", rules(d.Result.Warn), "rules", d.BundleRevision, "decided", c.ago(d.DecidedAt),
					"took", fmt.Sprintf("%.1f ms", float64(d.LatencyUS)/1000), "input", "sha256:"+d.InputDigest)
			})
		},
	}
}
