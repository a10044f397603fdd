package cli

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func (c *cli) version() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": c.ops.Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return c.show(v, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "aegis %s (%s, %s)\n", v["version"], v["go"], v["platform"]) // into memory
			})
		},
	}
	cmd.Flags().StringVarP(&c.output, "output", "o", "text", "text or json")
	return cmd
}
