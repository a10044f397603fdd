package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) breaker() *cobra.Command {
	return group("breaker", "Stop changes to a stack or region, or by an agent or tool",
		c.breakerList(), c.breakerOpen(), c.breakerClose())
}

func (c *cli) breakerList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List breakers, open ones first", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.api().Breakers(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func(w io.Writer) { c.breakers(w, list.Items) })
		},
	}
}

func (c *cli) breakers(w io.Writer, all []aegis.Breaker) {
	rows := make([][]string, len(all))
	for i, b := range all {
		state := "closed"
		if b.Open {
			state = "open"
		}
		rows[i] = []string{b.BreakerID, state, string(b.Scope), b.Key, b.OpenedBy, c.ago(b.OpenedAt), short(b.Reason, 60)}
	}
	table(w, "BREAKER STATE SCOPE KEY BY OPENED REASON", rows)
}

func (c *cli) breakerOpen() *cobra.Command {
	var reason, expires string
	cmd := &cobra.Command{
		Use: "open SCOPE KEY", Short: "Stop changes within a scope: stack, region, agent or tool", Args: cobra.ArbitraryArgs,
		Example: `  aegis breaker open region eu-west-1 --reason "AWS has an event there" --expires 2h`,
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who find it (needed)")
	cmd.Flags().StringVar(&expires, "expires", "", "when it closes by itself: RFC 3339, or a duration such as 2h")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return usage("%s takes two arguments, SCOPE and KEY; %d given", cmd.CommandPath(), len(args))
		}
		scopes := []string{string(aegis.BreakerStack), string(aegis.BreakerRegion), string(aegis.BreakerAgent), string(aegis.BreakerTool)}
		if !strings.Contains(" "+strings.Join(scopes, " ")+" ", " "+args[0]+" ") {
			return usage("SCOPE: %q is not one of: %s", args[0], strings.Join(scopes, ", "))
		}
		at, err := c.moment(expires)
		if err != nil {
			return usage("--expires: %s", err)
		}
		b, err := c.api().OpenBreaker(cmd.Context(), client.BreakerRequest{
			Scope: aegis.BreakerScope(args[0]), Key: args[1], Reason: reason, ExpiresAt: at,
		})
		if err != nil {
			return err
		}
		return c.show(b, func(w io.Writer) { c.breakers(w, []aegis.Breaker{b}) })
	}
	return needed(cmd, "reason")
}

func (c *cli) breakerClose() *cobra.Command {
	return &cobra.Command{
		Use: "close BREAKER_ID", Aliases: []string{"reset"}, Short: "Let changes pass again", Args: oneArg("BREAKER_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := c.api().CloseBreaker(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(b, func(w io.Writer) { c.breakers(w, []aegis.Breaker{b}) })
		},
	}
}
