package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent/tool"
)

func TestToolsConfig(t *testing.T) {
	t.Parallel()
	faults := func(change func(*ToolsConfig)) string {
		full := DefaultConfig()
		change(&full.Tools)
		return full.Validate().Error()
	}
	require.NotContains(t, faults(func(*ToolsConfig) {}), "tools.")
	good := MCPToolServerConfig{Name: "tickets", URL: "https://mcp.corp.example", TokenFile: "/run/secrets/tickets", Effect: "read"}
	require.NotContains(t, faults(func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{good} }), "tools.")
	for want, change := range map[string]func(*ToolsConfig){
		"tools.command.timeout: 0s is not between 1s":          func(c *ToolsConfig) { c.Command.Timeout = 0 },
		"tools.command.cpu_time: 1.5s is not between":          func(c *ToolsConfig) { c.Command.CPUTime = 1500 * time.Millisecond },
		"tools.command.memory_mib: 1 is not between 16":        func(c *ToolsConfig) { c.Command.MemoryMiB = 1 },
		"tools.command.concurrent: 0 is not between 1":         func(c *ToolsConfig) { c.Command.Concurrent = 0 },
		"tools.fetch.timeout: 1h0m0s is not between":           func(c *ToolsConfig) { c.Fetch.Timeout = time.Hour },
		"tools.mcp[0].command, url: give one of them":          func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{{Name: "a"}} },
		"tools.mcp[0].url: a token goes to another machine":    func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{{Name: "a", URL: "http://x", TokenFile: "t"}} },
		"tools.mcp[0].effect: \"write\" is none of read, plan": func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{{Name: "a", URL: "https://x", Effect: "write"}} },
		"tools.mcp[1].name: \"tickets\" is there twice":        func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{good, good} },
		"tools.mcp[0].name: \"\" must match ^[a-z0-9]":         func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{{URL: "https://x"}} },
		"tools.mcp[0].url: not an http:// or https:// URL":     func(c *ToolsConfig) { c.MCP = []MCPToolServerConfig{{Name: "a", URL: "https://u:p@x"}} },
		"tools.mcp[0].timeout: 24h0m0s is not between 0 and 10m": func(c *ToolsConfig) {
			c.MCP = []MCPToolServerConfig{{Name: "a", URL: "https://x", Timeout: 24 * time.Hour}}
		},
	} {
		require.Contains(t, faults(change), want)
	}
}

func TestToolsConfigInYAML(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "aegis.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`tools:
  command: {enabled: true, timeout: 5s, memory_mib: 256}
  fetch: {enabled: false}
  mcp:
    - {name: tickets, command: [tickets-mcp, --readonly], env_files: {TOKEN: /run/secrets/tickets}, tools: [search], scope: tickets, effect: read, timeout: 10s}
`), 0o600))
	c, err := LoadConfig(file, func(string) string { return "" })
	require.NoError(t, err)
	require.Equal(t, 5*time.Second, c.Tools.Command.Timeout)
	require.Equal(t, 256, c.Tools.Command.MemoryMiB)
	require.Equal(t, 32, c.Tools.Command.Processes)
	require.False(t, c.Tools.Fetch.Enabled)
	require.Equal(t, []string{"search"}, c.Tools.MCP[0].Tools)
	require.Contains(t, c.secretFiles(), "/run/secrets/tickets")
}

func TestToolsFromOutside(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	c.WorkDir = t.TempDir()
	c.Tools.Command.Enabled = true
	c.Tools.MCP = []MCPToolServerConfig{{Name: "gone", Command: []string{"/no/such/program"}, Tools: []string{"search"}}}
	out, err := c.outsideTools(t.Context(), "", "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, out.close()) }()
	names := map[string]tool.Tool{}
	for _, x := range out.fixed {
		names[x.Name] = x
	}
	require.Empty(t, names["http_fetch"].Unavailable)
	require.Contains(t, names["run_command"].Unavailable, "commands can't be confined here: no executable")
	require.Len(t, out.sources, 1)
	all := out.sources[0].Tools(t.Context())
	require.Len(t, all, 1)
	require.Equal(t, "gone.search", all[0].Name)
	require.Contains(t, all[0].Unavailable, "MCP server gone can't be used")

	c.Tools = ToolsConfig{}
	out, err = c.outsideTools(t.Context(), ownBinary, "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Empty(t, out.fixed)
	require.Empty(t, out.sources)
	require.NoError(t, out.close())
}
