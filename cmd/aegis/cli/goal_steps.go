package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) goalSteps() *cobra.Command {
	return &cobra.Command{
		Use: "steps GOAL_ID", Short: "Show what an agent looked at to find what a goal leaves open", Args: oneArg("GOAL_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := c.api().GoalSteps(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(list, func(w io.Writer) {
				rows := make([][]string, len(list.Items))
				for i, s := range list.Items {
					rows[i] = []string{fmt.Sprint(s.Number), s.Model, stepText(s), fmt.Sprintf("%.4f", s.CostUSD), fmt.Sprintf("%d ms", s.ModelMS+s.ToolMS), short(stepCameTo(s), 80)}
				}
				table(w, "STEP MODEL CALL USD TOOK CAME_TO", rows)
			})
		},
	}
}

func stepText(s aegis.AgentStep) string {
	if s.Tool == "" {
		return "(ends)"
	}
	return short(s.Tool+" "+string(s.Input), 60)
}

func stepCameTo(s aegis.AgentStep) string {
	switch {
	case s.Error != "":
		return "error: " + s.Error
	case s.Tool != "":
		return s.Output
	default:
		values, err := json.Marshal(s.Values)
		if err != nil {
			return ""
		}
		return string(values)
	}
}
