package cli

import (
	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/client/mcpserver"
)

func (c *cli) mcp() *cobra.Command {
	return &cobra.Command{
		Use: "mcp", Short: "Serve the API as MCP tools on standard input and output", Args: noArgs,
		Long: "Speak the Model Context Protocol on standard input and output, for an assistant that starts this command. Its tools are\n" +
			"calls of the API with the given token: they can do what that token may, and no more. The control plane serves the\n" +
			"same tools at /mcp, by streamable HTTP.",
		Example: `  aegis mcp --url http://127.0.0.1:8080
  {"mcpServers": {"aegis": {"command": "aegis", "args": ["mcp"], "env": {"AEGIS_URL": "…", "AEGIS_TOKEN": "…"}}}}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api := c.api()
			caller, err := api.WhoAmI(cmd.Context())
			if err != nil {
				return err
			}
			return mcpserver.Serve(cmd.Context(), api, caller, c.ops.Version)
		},
	}
}
