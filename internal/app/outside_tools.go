package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/confine"
	"github.com/aegisworld/aegis/internal/fetch"
	"github.com/aegisworld/aegis/internal/mcptools"
)

// Child takes the process over when it was started to confine a command; it is the
// first thing in main.
func Child() { confine.Child() }

// ownBinary is this program, whose main calls Child.
const ownBinary = "/proc/self/exe"

// outsideTools are the tools that do not come from the control plane itself.
type outsideTools struct {
	// fixed are run_command, which may be Unavailable, and http_fetch.
	fixed []tool.Tool
	// sources are the configured MCP servers.
	sources []tool.Source
	// close ends what they started.
	close func() error
}

// outsideTools makes the tools that tools.command, tools.fetch and tools.mcp name.
// It takes some seconds where commands are enabled or a server is slow. binary is a
// program whose main calls Child; configFile is what no command may read, beside
// the files of secrets.
func (c Config) outsideTools(ctx context.Context, binary, configFile string, log *slog.Logger) (outsideTools, error) {
	out := outsideTools{close: func() error { return nil }}
	if c.Tools.Fetch.Enabled {
		guard, err := c.Egress.guard()
		if err != nil {
			return out, fmt.Errorf("egress.allow: %w", err)
		}
		t, err := fetch.New(fetch.Options{Guard: guard, Timeout: c.Tools.Fetch.Timeout})
		if err != nil {
			return out, fmt.Errorf("tools.fetch: %w", err)
		}
		out.fixed = append(out.fixed, t)
	}
	if c.Tools.Command.Enabled {
		t, err := c.commandTool(ctx, binary, configFile)
		if err != nil {
			return out, fmt.Errorf("tools.command: %w", err)
		}
		if t.Unavailable != "" {
			log.WarnContext(ctx, "commands can't be confined", slog.String("reason", t.Unavailable))
		}
		out.fixed = append(out.fixed, t)
	}
	if len(c.Tools.MCP) == 0 {
		return out, nil
	}
	servers := make([]mcptools.Server, len(c.Tools.MCP))
	for i, s := range c.Tools.MCP {
		servers[i] = s.server()
	}
	client, err := mcptools.New(ctx, servers, mcptools.Options{Dir: filepath.Join(c.WorkDir, "mcp"), Logger: log})
	if err != nil {
		return out, fmt.Errorf("tools.mcp%w", err)
	}
	out.sources, out.close = append(out.sources, client), client.Close
	return out, nil
}

func (c Config) commandTool(ctx context.Context, binary, configFile string) (tool.Tool, error) {
	var hidden []string
	var faults []error
	for _, file := range append(c.secretFiles(), configFile, c.WorkDir) {
		if file == "" {
			continue
		}
		path, err := filepath.Abs(file)
		faults = append(faults, err)
		hidden = append(hidden, path)
	}
	if err := errors.Join(faults...); err != nil {
		return tool.Tool{}, err
	}
	return confine.New(ctx, confine.Options{
		Executable: binary, Limits: c.Tools.Command.limits(), Concurrent: c.Tools.Command.Concurrent, Hidden: hidden,
	})
}
