package cli

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func (c *cli) agentTools() *cobra.Command {
	cmd := &cobra.Command{Use: "tools", Short: "List the tools that agents may call, with what they do; -o json has their schemas", Args: noArgs}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Tools(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, t := range list.Items {
				state, cost := "ready", ""
				if t.Unavailable != "" {
					state = short(t.Unavailable, 40)
				}
				if t.CostUSD > 0 {
					cost = strconv.FormatFloat(t.CostUSD, 'f', -1, 64)
				}
				rows[i] = []string{t.Name, string(t.Effect), t.Scope, t.Source, cost, state, short(t.Summary, 80)}
			}
			table(w, "TOOL EFFECT SCOPE SOURCE $/CALL STATE SUMMARY", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}
