package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) decision() *cobra.Command {
	return group("decision", "Read policy decisions", c.decisionList("list"), c.decisionGet())
}

// policyDecisions is the same, where who writes policies looks for it.
func (c *cli) policyDecisions() *cobra.Command {
	cmd := c.decisionList("decisions")
	cmd.AddCommand(c.decisionGet())
	return cmd
}

func (c *cli) decisionList(use string) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: "List policy decisions, newest first", Args: noArgs}
	page, filter := pageFlags(cmd), c.decisionFlags(cmd)
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := filter()
		if err != nil {
			return err
		}
		list, err := c.api().Decisions(cmd.Context(), f, *page)
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

// decisionFlags are the filters of a list of decisions.
func (c *cli) decisionFlags(cmd *cobra.Command) func() (aegis.DecisionFilter, error) {
	var f aegis.DecisionFilter
	var outcome, since, until string
	flags := cmd.Flags()
	flags.StringVar(&f.StackID, "stack", "", "only those about this stack")
	flags.StringVar(&f.ChangeSetID, "change-set", "", "only those about this change set")
	flags.StringVar(&f.Rule, "rule", "", "only those in which the rule of this code denied or warned")
	flags.StringVar(&outcome, "outcome", "", "only those: allowed, denied, or error for no answer of policy")
	flags.StringVar(&f.Path, "path", "", "only those of this package: aegis/gate, aegis/meta")
	flags.StringVar(&f.BundleRevision, "bundle", "", "only those of the bundle of this revision")
	flags.StringVar(&since, "since", "", "only those since then: a time such as 2026-01-02T15:04:05Z, or how long ago, such as 24h")
	flags.StringVar(&until, "until", "", "only those before then, given in the same way")
	flags.BoolVar(&f.Shadow, "shadow", false, "also what bundles decided that were tried beside the running one")
	return func() (_ aegis.DecisionFilter, err error) {
		f.Outcome = aegis.DecisionOutcome(outcome)
		switch f.Outcome {
		case "", aegis.OutcomeAllowed, aegis.OutcomeDenied, aegis.OutcomeError:
		default:
			return f, usage("--outcome %s is none of allowed, denied, error", outcome)
		}
		if f.Since, err = moment("since", since, time.Now()); err != nil {
			return f, err
		}
		f.Until, err = moment("until", until, time.Now())
		return f, err
	}
}

// moment reads a time or how long ago it was; "" is no time.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, usage("--%s %s is neither a time such as 2026-01-02T15:04:05Z nor a duration such as 24h", flag, text)
	}
	return t, nil
}

func verdict(d aegis.Decision) string {
	switch {
	case d.Allowed:
		return "allowed"
	case d.Outcome == aegis.OutcomeError:
		return "error"
	default:
		return "denied"
	}
}

func (c *cli) decisionGet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "get DECISION_ID", Short: "Explain a policy decision; -o json has its input", Args: oneArg("DECISION_ID"),
	}
	trace := cmd.Flags().Bool("trace", false, "judge the recorded input again, and show OPA's trace of it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := c.api().Decision(cmd.Context(), args[0], *trace)
		if err != nil {
			return err
		}
		return c.show(d, func(w io.Writer) { c.explained(w, d) })
	}
	return cmd
}

func (c *cli) explained(w io.Writer, d aegis.DecisionExplanation) {
	facts(w,
		"decision", d.DecisionID, "verdict", verdict(d.Decision), "change set", d.ChangeSetID, "denied by", rules(d.Result.Deny),
		"warnings", rules(d.Result.Warn), "rules", d.BundleRevision, "decided", c.ago(d.DecidedAt),
		"took", fmt.Sprintf("%.1f ms", float64(d.LatencyUS)/1000), "input", "sha256:"+d.InputDigest)
	for _, r := range d.Rules {
		_, _ = fmt.Fprintln(w) // into memory
		facts(w,
			r.Effect, r.Code, "title", r.Title, "severity", r.Severity, "pack", r.Pack, "resource", r.Address, "says", r.Msg,
			"remedy", r.Remediation)
	}
	if d.Trace == nil {
		return
	}
	_, _ = fmt.Fprintf(w, "\nJudged again by %s: %s\n", d.Trace.BundleRevision, d.Trace.Outcome)
	for _, note := range d.Trace.Notes {
		_, _ = fmt.Fprintln(w, "note: "+note)
	}
	for _, line := range d.Trace.Lines {
		_, _ = fmt.Fprintln(w, line)
	}
	if d.Trace.Truncated {
		_, _ = fmt.Fprintln(w, "… and more")
	}
}
