package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) goalWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch GOAL_ID", Short: "Follow a goal to its end", Args: oneArg("GOAL_ID"),
		Long: "Follow a goal and its change sets to the end: 0 when it succeeded, 1 when it did not, 3 with --fail-on deny when policy denied it.",
	}
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.followGoal(cmd.Context(), args[0], fail)
	}
	return cmd
}

// followGoal shows progress until the goal ended. Events only say that there
// is something new: what is shown is read anew.
func (c *cli) followGoal(ctx context.Context, id string, fail *failOn) error {
	api := c.api()
	p := c.progress()
	var goal aegis.Goal
	err := api.FollowGoal(ctx, id, func(aegis.Event) error {
		var err error
		if goal, err = c.lookAtGoal(ctx, api, id, p); err != nil {
			return err
		}
		if goal.State.Terminal() {
			return client.ErrStop
		}
		return nil
	})
	p.close()
	if err != nil {
		return err
	}
	if c.output == "json" {
		if err := c.showGoal(goal); err != nil {
			return err
		}
	}
	if err := fail.goal(goal); err != nil {
		return err
	}
	if goal.State != aegis.GoalSucceeded {
		return fmt.Errorf("goal %s %s: %s", goal.GoalID, goal.State, goal.Error)
	}
	return nil
}

func (c *cli) lookAtGoal(ctx context.Context, api *client.Client, id string, p *progress) (aegis.Goal, error) {
	goal, err := api.Goal(ctx, id)
	if err != nil {
		return goal, err
	}
	lines := []line{{key: id, text: goalLine(goal)}}
	for _, csID := range goal.ChangeSetIDs {
		cs, err := api.ChangeSet(ctx, csID)
		if err != nil {
			return goal, err
		}
		lines = append(lines, line{key: csID, text: changeLine(cs)})
	}
	p.update(lines)
	return goal, nil
}

func goalLine(g aegis.Goal) string {
	text := fmt.Sprintf("%s  %-9s  %s", g.GoalID, g.State, g.Intent)
	if g.Understanding != "" {
		return text + " → " + g.Understanding
	}
	return text
}
