package cli

import (
	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

// pageFlags are the flags of a list.
func pageFlags(cmd *cobra.Command) *aegis.Page {
	p := &aegis.Page{}
	cmd.Flags().IntVar(&p.Limit, "limit", 50, "most items to list, up to 500")
	cmd.Flags().StringVar(&p.Cursor, "cursor", "", "where to go on, as the list before said")
	return p
}
