package cli

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// ruleTerms are the flags of a rule's reason and end.
type ruleTerms struct{ reason, expires string }

func termFlags(cmd *cobra.Command) *ruleTerms {
	t := &ruleTerms{}
	cmd.Flags().StringVar(&t.reason, "reason", "", "why, for those who find it")
	cmd.Flags().StringVar(&t.expires, "expires", "", "when it ends by itself: RFC 3339, or a duration such as 720h")
	return t
}

func (c *cli) driftIgnore() *cobra.Command {
	r := client.DriftRuleRequest{}
	attribute := ""
	cmd := &cobra.Command{
		Use: "ignore DRIFT_REPORT_ID|STACK_ID", Short: "Expect drift: neither report nor correct it",
		Long: "Make a rule of expected drift: for all that a report is about, or for resources of a stack. --address is a\n" +
			"resource's address or type, or a glob of either; --attribute a dotted path, which covers what is below it, or a\n" +
			"glob. An empty attribute is the whole resource, deleted or unmanaged.",
		Example: "  aegis drift ignore drift-06h1bkcojgb0v2dftkm2k9qj10 --reason \"the backup team owns these tags\"\n" +
			"  aegis drift ignore prod.runtime.eu-west-1 --address aws_autoscaling_group --attribute desired_capacity --expires 720h",
		Args: oneArg("DRIFT_REPORT_ID or STACK_ID"),
	}
	cmd.Flags().StringVar(&r.Address, "address", "", "only this resource, or this type; needed with a stack")
	cmd.Flags().StringVar(&attribute, "attribute", "", "only this attribute; all when not given")
	terms := termFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		at, err := c.moment(terms.expires)
		if err != nil {
			return usage("--expires: %s", err)
		}
		r.Reason, r.ExpiresAt = terms.reason, at
		if cmd.Flags().Changed("attribute") {
			r.Attribute = &attribute
		}
		_, err = c.api().DriftReport(cmd.Context(), args[0])
		switch {
		case err == nil:
			r.DriftReportID = args[0]
		case errors.Is(err, aegis.ErrNotFound):
			if r.StackID = args[0]; r.Address == "" {
				return usage("--address is needed with a stack: a resource's address or type, or '*'")
			}
		default:
			return err
		}
		made, err := c.api().AddDriftRules(cmd.Context(), r)
		if err != nil {
			return err
		}
		return c.showRules(made)
	}
	return cmd
}

func (c *cli) driftRules() *cobra.Command {
	cmd := group("rules", "List, remove and accept rules of expected drift",
		c.driftRulesList(), c.driftRulesDelete(), c.driftSuggestions(), c.driftRulesAccept())
	list := c.driftRulesList()
	cmd.Args, cmd.RunE = noArgs, list.RunE
	cmd.Flags().AddFlagSet(list.Flags())
	return cmd
}

func (c *cli) driftRulesList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the rules of expected drift, newest first", Args: noArgs}
	stack := cmd.Flags().String("stack", "", "only of this stack")
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().DriftRules(cmd.Context(), *stack, *page)
		if err != nil {
			return err
		}
		return c.showRules(list)
	}
	return cmd
}

func (c *cli) showRules(list client.List[aegis.DriftRule]) error {
	return c.show(list, func(w io.Writer) {
		rows := make([][]string, len(list.Items))
		for i, r := range list.Items {
			ends := "never"
			if r.ExpiresAt != nil {
				ends = r.ExpiresAt.Format(time.RFC3339)
			}
			attribute := r.Attribute
			if attribute == "" {
				attribute = "(whole)"
			}
			rows[i] = []string{r.RuleID, r.StackID, r.Address, attribute, strconv.Itoa(r.Met), r.CreatedBy, ends, short(r.Reason, 50)}
		}
		table(w, "RULE STACK ADDRESS ATTRIBUTE MET BY ENDS REASON", rows)
		more(w, list.NextCursor)
	})
}

func (c *cli) driftRulesDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete RULE_ID", Short: "Take a rule back: its drift is reported and corrected again", Args: oneArg("RULE_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.api().DeleteDriftRule(cmd.Context(), args[0])
		},
	}
}

func (c *cli) driftSuggestions() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suggestions", Short: "List the rules that past reports speak for; none is applied by itself", Args: noArgs,
	}
	stack := cmd.Flags().String("stack", "", "only of this stack")
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().DriftSuggestions(cmd.Context(), *stack, *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, s := range list.Items {
				rows[i] = []string{
					s.SuggestionID, s.StackID, s.Address, s.Attribute, s.Kind + " " + strconv.Itoa(s.Times) + " times", s.Actor,
					c.ago(s.LastDetectedAt), short(strings.Join(s.DriftReportIDs, " "), 70),
				}
			}
			table(w, "SUGGESTION STACK ADDRESS ATTRIBUTE WHY ACTOR LAST REPORTS", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

func (c *cli) driftRulesAccept() *cobra.Command {
	cmd := &cobra.Command{Use: "accept SUGGESTION_ID", Short: "Make the rule that is suggested", Args: oneArg("SUGGESTION_ID")}
	terms := termFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		at, err := c.moment(terms.expires)
		if err != nil {
			return usage("--expires: %s", err)
		}
		rule, err := c.api().AcceptDriftSuggestion(cmd.Context(), args[0], terms.reason, at)
		if err != nil {
			return err
		}
		return c.showRules(client.List[aegis.DriftRule]{Items: []aegis.DriftRule{rule}})
	}
	return cmd
}

func (c *cli) driftAdopt() *cobra.Command {
	cmd := &cobra.Command{
		Use: "adopt DRIFT_REPORT_ID", Short: "Make the spec agree with what a drift report found",
		Long: "Propose the patch of the stack's parameters, or of the workspace's variables, with which the plan is clean. Where\n" +
			"there is none, nothing is written.",
		Args: oneArg("DRIFT_REPORT_ID"),
	}
	watch := cmd.Flags().Bool("watch", false, "follow the change set to its end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cs, err := c.api().AdoptDrift(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if *watch {
			return c.followChange(cmd.Context(), cs.ChangeSetID, &failOn{})
		}
		return c.showChange(cs)
	}
	return cmd
}
