package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) goalPreview() *cobra.Command {
	cmd := &cobra.Command{
		Use: "preview INTENT", Short: "Say what a goal would come to, and change nothing", Args: oneArg("INTENT, in quotes"),
		Long: `Say what a goal would come to: the ways that were weighed, the tasks, the engines' plans and what policy says of them.
Nothing is stored, proposed or changed. 1 when the goal can't be planned, 3 with --fail-on deny when policy would deny it.`,
		Example: `  aegis goal preview "make checkout survive losing us-east-1, under $3,000 a month more"
  aegis goal preview "cut the cost of the runtime by 20% in eu-west-1" --risk high -o json`,
	}
	var g goalFlags
	g.register(cmd)
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		spec, err := c.goalSpec(args[0], g, cmd.Flags().Changed)
		if err != nil {
			return err
		}
		preview, err := c.api().PreviewGoal(cmd.Context(), spec)
		if err != nil {
			return err
		}
		if err := c.show(preview, func(w io.Writer) { writePreview(w, preview) }); err != nil {
			return err
		}
		switch {
		case preview.Error != "":
			return fmt.Errorf("the goal can't be planned: %s", preview.Error)
		case fail.value == "deny" && !preview.Allowed():
			return found("policy would deny it")
		default:
			return nil
		}
	}
	return cmd
}

func writePreview(w io.Writer, p aegis.GoalPreview) {
	_, _ = fmt.Fprintln(w, p.Understanding) // into memory
	for i, task := range p.Plan.Tasks {
		_, _ = fmt.Fprintf(w, "\n%s\n", taskLine(task))
		if i < len(p.Trials) {
			writeTrial(w, p.Trials[i])
		}
	}
}

func writeTrial(w io.Writer, t aegis.Trial) {
	say := func(format string, values ...any) { _, _ = fmt.Fprintf(w, "    "+format+"\n", values...) }
	switch {
	case t.Waits:
		say("is planned when the tasks before it are done")
		return
	case t.Error != "":
		say("can't be planned: %s", t.Error)
		return
	case len(t.Diff) == 0:
		say("changes no resource")
		return
	}
	for _, c := range t.Diff {
		say("%s %s %s", c.Action, c.StackID, c.Address)
	}
	say("%+.2f $ a month, risk %d", t.CostDeltaUSDMonth, t.RiskScore)
	for _, r := range t.Denials {
		say("denied: %s: %s", r.Code, r.Msg)
	}
	for _, r := range t.Warnings {
		say("warning: %s: %s", r.Code, r.Msg)
	}
	if len(t.Denials) == 0 {
		say("allowed")
	}
}

// taskLine is a task in one line.
func taskLine(t aegis.Task) string {
	text := fmt.Sprintf("%s  %-9s  %s", t.TaskID, t.State, t.Summary)
	if limits := taskLimits(t); len(limits) > 0 {
		text += "  (" + strings.Join(limits, "; ") + ")"
	}
	return text
}

// taskLimits says what a task waits for, and its share of what the goal allows.
func taskLimits(t aegis.Task) (limits []string) {
	if len(t.DependsOn) > 0 {
		limits = append(limits, "after "+strings.Join(t.DependsOn, ", "))
	}
	if t.BudgetUSDMonth != nil {
		limits = append(limits, fmt.Sprintf("up to %.2f $ a month", *t.BudgetUSDMonth))
	}
	if t.DueAt != nil {
		limits = append(limits, "due "+t.DueAt.UTC().Format("2006-01-02 15:04 MST"))
	}
	return limits
}
