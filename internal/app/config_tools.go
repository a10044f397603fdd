package app

import (
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/confine"
	"github.com/aegisworld/aegis/internal/mcptools"
)

// ToolsConfig says which tools from outside agents may be given.
type ToolsConfig struct {
	Command CommandToolConfig     `yaml:"command"`
	Fetch   FetchToolConfig       `yaml:"fetch"`
	MCP     []MCPToolServerConfig `yaml:"mcp"`
}

// CommandToolConfig is for the tool run_command.
type CommandToolConfig struct {
	// Enabled offers the tool, where confinement can be proven.
	Enabled bool `yaml:"enabled"`
	// Timeout is the longest that a command runs, CPUTime the most processor time of
	// all its processes, in whole seconds.
	Timeout time.Duration `yaml:"timeout"`
	CPUTime time.Duration `yaml:"cpu_time"`
	// MemoryMiB is the most memory of all processes of a command.
	MemoryMiB int `yaml:"memory_mib"`
	Processes int `yaml:"processes"`
	// FileMiB is the largest file, ScratchMiB all files together; they are in memory.
	FileMiB    int `yaml:"file_mib"`
	ScratchMiB int `yaml:"scratch_mib"`
	OpenFiles  int `yaml:"open_files"`
	// Concurrent is the most commands at once.
	Concurrent int `yaml:"concurrent"`
}

// FetchToolConfig is for the tool http_fetch.
type FetchToolConfig struct {
	// Enabled offers the tool; it reaches what an agent's network scope names.
	Enabled bool `yaml:"enabled"`
	// Timeout bounds a call with its redirects.
	Timeout time.Duration `yaml:"timeout"`
}

// MCPToolServerConfig is an MCP server whose tools agents may be given.
type MCPToolServerConfig struct {
	// Name begins the names of its tools.
	Name string `yaml:"name"`
	// Command is a program that speaks by its standard streams; or URL is that of a
	// streamable HTTP server.
	Command []string `yaml:"command"`
	URL     string   `yaml:"url"`
	// EnvFiles are files with values of the program's environment variables.
	EnvFiles map[string]string `yaml:"env_files"`
	// TokenFile holds a bearer token for URL.
	TokenFile string        `yaml:"token_file"`
	Timeout   time.Duration `yaml:"timeout"`
	// Tools are all of its tools that are offered; empty is every one.
	Tools []string `yaml:"tools"`
	// Scope is the data scope of what they answer.
	Scope string `yaml:"scope"`
	// Effect is read, plan, fetch or run.
	Effect string `yaml:"effect"`
}

const maxFetchTimeout = time.Minute

func defaultTools() ToolsConfig {
	l := confine.DefaultLimits()
	return ToolsConfig{
		Command: CommandToolConfig{
			Timeout: l.Wall, CPUTime: l.CPU, MemoryMiB: l.MemoryMiB, Processes: l.Processes,
			FileMiB: l.FileMiB, ScratchMiB: l.ScratchMiB, OpenFiles: l.OpenFiles, Concurrent: 2,
		},
		Fetch: FetchToolConfig{Enabled: true, Timeout: 20 * time.Second},
	}
}

func (c ToolsConfig) check(bad func(format string, args ...any)) {
	if err := c.Command.limits().Check(); err != nil {
		bad("tools.command.%w", err)
	}
	if c.Command.Concurrent < 1 || c.Command.Concurrent > 64 {
		bad("tools.command.concurrent: %d is not between 1 and 64", c.Command.Concurrent)
	}
	if c.Fetch.Timeout < time.Second || c.Fetch.Timeout > maxFetchTimeout {
		bad("tools.fetch.timeout: %s is not between 1s and %s", c.Fetch.Timeout, maxFetchTimeout)
	}
	names := map[string]bool{}
	for i, s := range c.MCP {
		if err := s.server().Check(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				bad("tools.mcp[%d].%s", i, line)
			}
		}
		if names[s.Name] {
			bad("tools.mcp[%d].name: %q is there twice", i, s.Name)
		}
		names[s.Name] = true
	}
}

func (c CommandToolConfig) limits() confine.Limits {
	return confine.Limits{
		Wall: c.Timeout, CPU: c.CPUTime, MemoryMiB: c.MemoryMiB, Processes: c.Processes,
		FileMiB: c.FileMiB, ScratchMiB: c.ScratchMiB, OpenFiles: c.OpenFiles,
	}
}

func (c MCPToolServerConfig) server() mcptools.Server {
	return mcptools.Server{
		Name: c.Name, Command: c.Command, EnvFiles: c.EnvFiles, URL: c.URL, TokenFile: c.TokenFile,
		Timeout: c.Timeout, Tools: c.Tools, Scope: c.Scope, Effect: aegis.ToolEffect(c.Effect),
	}
}

// secretFiles are all files of secrets that the configuration names.
func (c Config) secretFiles() []string {
	files := []string{
		c.Database.PasswordFile, c.Pulumi.PassphraseFile, c.API.AdminTokenFile,
		c.Policy.Decisions.Sink.TokenFile, c.Stores.Hot.PasswordFile,
	}
	for _, s := range c.Policy.Sources {
		files = append(files, s.TokenFile)
	}
	for _, p := range c.Models.Providers {
		files = append(files, p.APIKeyFile)
	}
	for _, s := range c.Tools.MCP {
		files = append(files, s.TokenFile)
		for _, file := range s.EnvFiles {
			files = append(files, file)
		}
	}
	return files
}
