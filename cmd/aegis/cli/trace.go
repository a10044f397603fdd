package cli

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func (c *cli) trace() *cobra.Command {
	return group("trace", "Read what was done, step by step", c.traceList(), c.traceGet())
}

func (c *cli) traceList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List traces, newest first", Args: noArgs}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Traces(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, t := range list.Items {
				rows[i] = []string{t.TraceID, t.Outcome, t.GoalID, t.ChangeSetID, strconv.Itoa(len(t.Steps)), fmt.Sprintf("%d ms", t.LatencyMS)}
			}
			table(w, "TRACE OUTCOME GOAL CHANGE_SET STEPS TOOK", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

func (c *cli) traceGet() *cobra.Command {
	return &cobra.Command{
		Use: "get TRACE_ID", Short: "Show a trace's steps", Args: oneArg("TRACE_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := c.api().Trace(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(t, func(w io.Writer) {
				facts(w, "trace", t.TraceID, "goal", t.GoalID, "change set", t.ChangeSetID, "outcome", t.Outcome)
				rows := make([][]string, len(t.Steps))
				for i, s := range t.Steps {
					rows[i] = []string{
						s.Name, s.Verdict, s.StackID, fmt.Sprintf("%d ms", s.DurationMS), fmt.Sprintf("%d ms", s.EngineMS), short(s.Message, 80),
					}
				}
				table(w, "STEP VERDICT STACK TOOK ENGINE MESSAGE", rows)
			})
		},
	}
}
