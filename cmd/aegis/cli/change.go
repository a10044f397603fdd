package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// changePoll is how often a change set that is watched is read.
const changePoll = 500 * time.Millisecond

func (c *cli) change() *cobra.Command {
	return group("change", "Read, follow and undo change sets",
		c.changeList(), c.changeGet(), c.changeWatch(), c.changeRollback(), c.changeCancel())
}

func (c *cli) changeList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List change sets, newest first", Args: noArgs,
		Example: "  aegis change list --state denied\n  aegis change list --stack prod.runtime.eu-west-1",
	}
	page := pageFlags(cmd)
	var state, source, stack, goal string
	cmd.Flags().StringVar(&state, "state", "", "only those in this state, such as promoted or denied")
	cmd.Flags().StringVar(&source, "source", "", "only those of this source, such as goal or drift")
	cmd.Flags().StringVar(&stack, "stack", "", "only those that change this stack")
	cmd.Flags().StringVar(&goal, "goal", "", "only those of this goal")
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().ChangeSets(cmd.Context(), aegis.ChangeSetFilter{
			State: aegis.PromotionState(state), Source: aegis.Source(source), StackID: stack, GoalID: goal,
		}, *page)
		if err != nil {
			return err
		}
		if err := c.showChanges(list); err != nil {
			return err
		}
		for _, cs := range list.Items {
			if err := fail.change(cs); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func (c *cli) showChanges(list client.List[aegis.AutonomousChangeSet]) error {
	return c.show(list, func(w io.Writer) {
		rows := make([][]string, len(list.Items))
		for i, cs := range list.Items {
			rows[i] = []string{
				cs.ChangeSetID, string(cs.PromotionState), string(cs.Phase), string(cs.Source), strconv.Itoa(cs.RiskScore),
				strconv.Itoa(len(cs.Diff)), c.ago(cs.UpdatedAt), short(cs.Summary, 50),
			}
		}
		table(w, "CHANGE_SET STATE PHASE SOURCE RISK RESOURCES UPDATED SUMMARY", rows)
		more(w, list.NextCursor)
	})
}

// change is the finding that a change set was denied.
func (f *failOn) change(cs aegis.AutonomousChangeSet) error {
	if f.value == "deny" && cs.PromotionState == aegis.StateDenied {
		return found("change set %s was denied: %s", cs.ChangeSetID, rules(cs.Denials))
	}
	return nil
}

func rules(results []aegis.RuleResult) string {
	parts := make([]string, len(results))
	for i, r := range results {
		parts[i] = r.String()
	}
	return strings.Join(parts, "; ")
}

func (c *cli) changeGet() *cobra.Command {
	cmd := &cobra.Command{Use: "get CHANGE_SET_ID", Short: "Show a change set: its diff, decision and progress", Args: oneArg("CHANGE_SET_ID")}
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cs, err := c.api().ChangeSet(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if err := c.showChange(cs); err != nil {
			return err
		}
		return fail.change(cs)
	}
	return cmd
}

func (c *cli) showChange(cs aegis.AutonomousChangeSet) error {
	return c.show(cs, func(w io.Writer) {
		factors := make([]string, len(cs.RiskFactors))
		for i, f := range cs.RiskFactors {
			factors[i] = fmt.Sprintf("%s +%d", f.Code, f.Points)
		}
		canary := ""
		if r := cs.CanaryResult; r != nil {
			canary = strings.TrimSuffix(r.Region+" "+r.Outcome+": "+r.Reason, ": ")
		}
		facts(w,
			"change set", cs.ChangeSetID, "summary", cs.Summary, "state", string(cs.PromotionState), "phase", string(cs.Phase),
			"source", string(cs.Source), "goal", cs.GoalID, "actor", cs.Actor, "stacks", strings.Join(cs.Target.StackIDs, ", "),
			"risk", strings.TrimSuffix(fmt.Sprintf("%d (%s)", cs.RiskScore, strings.Join(factors, ", ")), " ()"),
			"cost", fmt.Sprintf("%+.2f $ a month", cs.CostDeltaUSDMonth), "cost unknown", strings.Join(cs.CostUnknown, ", "),
			"denied by", rules(cs.Denials), "warnings", rules(cs.Warnings), "canary", canary,
			"irreversible", strings.Join(cs.Irreversible, ", "), "decision", cs.DecisionID, "undoes", cs.RollbackOf,
			"error", cs.Error, "trace", cs.TraceID, "updated", c.ago(cs.UpdatedAt))
		for _, d := range cs.Diff {
			_, _ = fmt.Fprintf(w, "  %-7s  %s  %s\n", d.Action, d.Region, d.Address) // into memory
		}
	})
}

func (c *cli) changeWatch() *cobra.Command {
	cmd := &cobra.Command{Use: "watch CHANGE_SET_ID", Short: "Follow a change set to its end", Args: oneArg("CHANGE_SET_ID")}
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.followChange(cmd.Context(), args[0], fail)
	}
	return cmd
}

func (c *cli) followChange(ctx context.Context, id string, fail *failOn) error {
	api, p := c.api(), c.progress()
	tick := time.NewTicker(changePoll)
	defer tick.Stop()
	for {
		cs, err := api.ChangeSet(ctx, id)
		if err != nil {
			return err
		}
		p.update([]line{{key: id, text: changeLine(cs)}})
		if cs.PromotionState.Terminal() {
			return c.endOfChange(cs, fail)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (c *cli) endOfChange(cs aegis.AutonomousChangeSet, fail *failOn) error {
	if c.output == "json" {
		if err := c.showChange(cs); err != nil {
			return err
		}
	}
	if err := fail.change(cs); err != nil {
		return err
	}
	if cs.PromotionState != aegis.StatePromoted {
		return fmt.Errorf("change set %s %s: %s", cs.ChangeSetID, words(string(cs.PromotionState)), cs.Error)
	}
	return nil
}

func (c *cli) changeRollback() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rollback CHANGE_SET_ID", Short: "Undo a change set by a new one", Args: oneArg("CHANGE_SET_ID"),
		Long: "Undo a change set by a new one whose patch is the inverse. It passes the same pipeline; a rollback can be undone too.",
	}
	return c.proposing(cmd, "follow the new change set to its end", c.rollBack)
}

func (c *cli) rollBack(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	return c.api().RollbackChangeSet(ctx, id)
}

// proposing gives a verb that proposes a change set about its argument what shows
// it, or follows it to its end.
func (c *cli) proposing(
	cmd *cobra.Command, watching string, propose func(ctx context.Context, id string) (aegis.AutonomousChangeSet, error),
) *cobra.Command {
	var watch bool
	cmd.Flags().BoolVar(&watch, "watch", false, watching)
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cs, err := propose(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if watch || fail.value != "" {
			return c.followChange(cmd.Context(), cs.ChangeSetID, fail)
		}
		return c.showChange(cs)
	}
	return cmd
}

func (c *cli) changeCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel CHANGE_SET_ID", Short: "Stop a change set; what was applied is rolled back", Args: oneArg("CHANGE_SET_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cs, err := c.api().CancelChangeSet(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.showChange(cs)
		},
	}
}
