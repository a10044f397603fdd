package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) goal() *cobra.Command {
	return group("goal", "Ask for something and follow it",
		c.goalSubmit(), c.goalPreview(), c.goalGet(), c.goalList(), c.goalWatch(), c.goalSteps(), c.goalCancel(), c.goalIntents())
}

func (c *cli) goalGet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "get GOAL_ID", Short: "Show a goal and its change sets", Args: oneArg("GOAL_ID"),
		Example: "  aegis goal get goal-0j2k… -o json",
	}
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		goal, err := c.api().Goal(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if err := c.showGoal(goal); err != nil {
			return err
		}
		return fail.goal(goal)
	}
	return cmd
}

// goal is the finding that a goal was denied.
func (f *failOn) goal(g aegis.Goal) error {
	if f.value == "deny" && g.State == aegis.GoalDenied {
		return found("goal %s was denied: %s", g.GoalID, g.Error)
	}
	return nil
}

func (c *cli) showGoal(g aegis.Goal) error {
	return c.show(g, func(w io.Writer) {
		facts(w,
			"goal", g.GoalID, "intent", g.Intent, "state", string(g.State), "understood as", g.Understanding, "error", g.Error,
			"constraints", strings.Join(g.Constraints, "; "), "budget", budgetText(g.Budget), "risk", string(g.RiskTolerance),
			"after", strings.Join(g.DependsOn, ", "), "priority", string(g.Priority), "looked up", lookedUp(g.Plan),
			"tasks", taskLines(g.Plan), "achieved", resultText(g.Result), "lacks", lacksText(g.Result),
			"submitted by", g.Submitter+", "+c.ago(g.CreatedAt), "change sets", strings.Join(g.ChangeSetIDs, ", "), "trace", g.TraceID)
	})
}

// lookedUp says what a model found for what the goal leaves open.
func lookedUp(plan *aegis.GoalPlan) string {
	if plan == nil || plan.Reading == nil {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(plan.Reading.Values)) {
		parts = append(parts, name+" "+plan.Reading.Values[name])
	}
	return strings.Join(parts, ", ")
}

func taskLines(plan *aegis.GoalPlan) string {
	if plan == nil {
		return ""
	}
	lines := make([]string, len(plan.Tasks))
	for i, t := range plan.Tasks {
		lines[i] = taskLine(t)
	}
	return strings.Join(lines, "\n")
}

func resultText(r *aegis.GoalResult) string {
	if r == nil || len(r.Achieved) == 0 {
		return ""
	}
	return fmt.Sprintf("%s; %+.2f $ a month", strings.Join(r.Achieved, "; "), r.USDMonth)
}

func lacksText(r *aegis.GoalResult) string {
	if r == nil {
		return ""
	}
	return strings.Join(r.Lacks, "; ")
}

func budgetText(b *aegis.Budget) string {
	var parts []string
	if b != nil && b.USDMonth != nil {
		parts = append(parts, fmt.Sprintf("%.2f $ a month", *b.USDMonth))
	}
	if b != nil && b.USDRun != nil {
		parts = append(parts, fmt.Sprintf("%.2f $ a run", *b.USDRun))
	}
	return strings.Join(parts, ", ")
}

func (c *cli) goalList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List goals, newest first", Args: noArgs}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Goals(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, g := range list.Items {
				rows[i] = []string{g.GoalID, string(g.State), strconv.Itoa(len(g.ChangeSetIDs)), g.Submitter, c.ago(g.CreatedAt), short(g.Intent, 60)}
			}
			table(w, "GOAL STATE CHANGES BY ASKED INTENT", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

func (c *cli) goalCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel GOAL_ID", Short: "Stop a goal and its change sets", Args: oneArg("GOAL_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			goal, err := c.api().CancelGoal(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.showGoal(goal)
		},
	}
}

func (c *cli) goalIntents() *cobra.Command {
	return &cobra.Command{
		Use: "intents", Short: "List what goals can ask for, with examples", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.api().Intents(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func(w io.Writer) {
				for _, in := range list.Items {
					_, _ = fmt.Fprintf(w, "%s (%s): %s\n", in.Name, in.Layer, in.Summary) // into memory
					for _, e := range in.Examples {
						_, _ = fmt.Fprintf(w, "    %s\n", e)
					}
				}
			})
		},
	}
}
