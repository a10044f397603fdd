package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) agentModels() *cobra.Command {
	cmd := &cobra.Command{Use: "models", Short: "List the configured models, with prices and state", Args: noArgs}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Models(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			if len(list.Items) == 0 {
				_, _ = fmt.Fprintln(w, "No models are configured: goals are read by the grammar alone.") // into memory
				return
			}
			rows := make([][]string, len(list.Items))
			for i, m := range list.Items {
				rows[i] = []string{
					m.Name, string(m.State), strings.Join(m.Kinds, ","), fmt.Sprintf("%.2f/%.2f", m.InputUSD, m.OutputUSD), fmt.Sprint(m.Window),
					fmt.Sprint(m.Calls), fmt.Sprintf("%d ms", m.LatencyMS), fmt.Sprintf("%.0f %%", 100*m.ErrorRate),
				}
			}
			table(w, "MODEL STATE KINDS $/M_TOKENS WINDOW CALLS LATENCY ERRORS", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}
