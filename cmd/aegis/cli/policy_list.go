package cli

import (
	"cmp"
	"io"

	"github.com/spf13/cobra"
)

func (c *cli) policyList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the policy bundles that came, newest first", Args: noArgs,
		Long: "List the policy bundles that came, by push or from a source, and what became of them. One of them is active,\n" +
			"unless the bundle inside the binary is.",
	}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Bundles(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, b := range list.Items {
				rows[i] = []string{
					words(b.State), cmp.Or(b.Revision, "-"), cmp.Or(short(b.Digest, 13), "-"), cmp.Or(b.Signer, "-"), b.Source,
					b.ChangeSetID, c.ago(b.CreatedAt), short(b.Error, 60),
				}
			}
			table(w, "STATE REVISION DIGEST SIGNER SOURCE CHANGE_SET CAME ERROR", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}
