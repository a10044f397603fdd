package cli

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) agent() *cobra.Command {
	return group("agent", "Make agents, have them carry out goals, and look at what they remember",
		c.agentCreate(), c.agentList(), c.agentGet(), c.agentExecute(), c.agentMemory(), c.agentModels(), c.agentTools())
}

func (c *cli) agentMemory() *cobra.Command {
	cmd := &cobra.Command{
		Use: "memory AGENT", Short: "List what an agent remembers, or search it", Args: oneArg("AGENT"),
		Example: "  aegis agent memory planner\n" +
			"  aegis agent memory planner --query \"node scaling in eu-west-1\" --kind episodic",
	}
	f := &aegis.MemoryFilter{}
	cmd.Flags().StringVar(&f.Text, "query", "", "what to search for; what fits best comes first")
	cmd.Flags().StringVar((*string)(&f.Kind), "kind", "", "only episodic, session or semantic")
	cmd.Flags().StringVar(&f.Scope, "scope", "", "only of this goal")
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.AgentID = args[0]
		list, err := c.api().AgentMemory(cmd.Context(), *f, *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, m := range list.Items {
				rows[i] = []string{m.MemoryID, string(m.Kind), m.Scope, string(m.Outcome), c.ago(m.CreatedAt), score(m.Score), short(m.Text, 80)}
			}
			table(w, "MEMORY KIND GOAL OUTCOME MADE SCORE TEXT", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

// score is a memory's, "" in lists that are no searches.
func score(s float64) string {
	if s == 0 {
		return ""
	}
	return strconv.FormatFloat(s, 'f', 2, 64)
}
