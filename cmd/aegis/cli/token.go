package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) tokens() *cobra.Command {
	return group("token", "Hand out access", c.tokenCreate(), c.tokenList(), c.tokenRevoke())
}

func (c *cli) tokenCreate() *cobra.Command {
	var role, expires string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token and show its secret, this once", Args: oneArg("NAME"),
		Long: "Make a token and show its secret, this once. Roles: viewer reads; submitter also asks for goals; operator also\n" +
			"rolls back, reconciles, sets breakers and budgets, and manages webhooks; admin also hands out tokens and adopts workspaces; agent\n" +
			"reads, and has the agent of the token's name carry out goals.",
		Example: "  aegis token create ci --role submitter --expires 720h",
	}
	cmd.Flags().StringVar(&role, "role", "viewer", "viewer, submitter, operator, admin or agent")
	cmd.Flags().StringVar(&expires, "expires", "", "when it stops working: RFC 3339, or a duration such as 720h (default never)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		at, err := c.moment(expires)
		if err != nil {
			return usage("--expires: %s", err)
		}
		t, err := c.api().CreateToken(cmd.Context(), client.TokenRequest{Name: args[0], Role: aegis.Role(role), ExpiresAt: at})
		if err != nil {
			return err
		}
		return c.show(t, func(w io.Writer) {
			facts(w, "token", t.TokenID, "name", t.Name, "role", string(t.Role), "secret", t.Secret)
			_, _ = fmt.Fprintln(w, "The secret is not shown again.") // into memory
		})
	}
	return cmd
}

func (c *cli) tokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List tokens, never their secrets", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.api().Tokens(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func(w io.Writer) {
				rows := make([][]string, len(list.Items))
				for i, t := range list.Items {
					rows[i] = []string{t.TokenID, t.Name, string(t.Role), c.tokenState(t), c.ago(t.CreatedAt), c.agoPtr(t.LastUsedAt)}
				}
				table(w, "TOKEN NAME ROLE STATE MADE USED", rows)
			})
		},
	}
}

func (c *cli) tokenState(t aegis.Token) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case t.ExpiresAt != nil && !t.ExpiresAt.After(c.now()):
		return "expired"
	default:
		return "valid"
	}
}

func (c *cli) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke TOKEN_ID", Short: "End a token at once", Args: oneArg("TOKEN_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.api().RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.show(map[string]string{"token_id": args[0], "state": "revoked"}, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "revoked %s\n", args[0]) // into memory
			})
		},
	}
}
