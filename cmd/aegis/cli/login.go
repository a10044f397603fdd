package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func (c *cli) login() *cobra.Command {
	return &cobra.Command{
		Use: "login", Short: "Print a link that signs a browser in, once", Args: noArgs,
		Long: "Print a link that signs a browser in to the live page as the token's bearer. It works once, within 10 minutes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			link, err := c.api().CreateLoginLink(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(link, func(w io.Writer) {
				_, _ = fmt.Fprintln(w, link.URL) // into memory
			})
		},
	}
}
