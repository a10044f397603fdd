package mcptools

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Server is an MCP server: a program that speaks by its standard streams, or a URL
// of a streamable HTTP one.
type Server struct {
	// Name begins the names of its tools.
	Name string
	// Command is the program and its arguments.
	Command []string
	// EnvFiles are files with the values of environment variables, by the variable's
	// name. The program has PATH, HOME and LANG beside them, and nothing else.
	EnvFiles map[string]string
	// URL is http or https.
	URL string
	// TokenFile holds a bearer token for URL, on one line; it is read at each request.
	TokenFile string
	// Timeout bounds a call, and a connection; 30 s when 0.
	Timeout time.Duration
	// Tools are the tools to offer, by the server's names; empty is every one.
	Tools []string
	// Scope is the data scope of what its tools answer; "tools" when empty.
	Scope string
	// Effect is what its tools do, aegis.ToolFetches when empty. The server's own
	// word on that does not count.
	Effect aegis.ToolEffect
}

const (
	defaultTimeout = 30 * time.Second
	maxTimeout     = 10 * time.Minute
)

var (
	namePattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)
	toolPattern     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

func (s Server) timeout() time.Duration { return cmp.Or(s.Timeout, defaultTimeout) }

// Check joins what is wrong; each error names its field.
func (s Server) Check() error {
	var faults []error
	bad := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !namePattern.MatchString(s.Name) {
		bad("name: %.64q must match %s", s.Name, namePattern)
	}
	if (len(s.Command) == 0) == (s.URL == "") {
		bad("command, url: give one of them")
	}
	if len(s.Command) > 0 && s.Command[0] == "" {
		bad("command: the program is empty")
	}
	if len(s.Command) == 0 && len(s.EnvFiles) > 0 {
		bad("env_files: only a command has an environment")
	}
	for name, file := range s.EnvFiles {
		if !variablePattern.MatchString(name) || file == "" {
			bad("env_files: %.64q is no variable with a file that holds its value", name)
		}
	}
	if s.URL != "" {
		s.checkURL(bad)
	} else if s.TokenFile != "" {
		bad("token_file: only a url takes a token; give a command env_files")
	}
	if s.Timeout < 0 || s.Timeout > maxTimeout {
		bad("timeout: %s is not between 0 and %s", s.Timeout, maxTimeout)
	}
	for _, name := range s.Tools {
		if !toolPattern.MatchString(name) {
			bad("tools: %.64q must match %s", name, toolPattern)
		}
	}
	effects := []aegis.ToolEffect{"", aegis.ToolReads, aegis.ToolPlans, aegis.ToolFetches, aegis.ToolRuns}
	if !slices.Contains(effects, s.Effect) {
		bad("effect: %.64q is none of read, plan, fetch and run", s.Effect)
	}
	return errors.Join(faults...)
}

// checkURL keeps tokens from the network in plain text.
func (s Server) checkURL(bad func(format string, args ...any)) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		bad("url: not an http:// or https:// URL without a user") // the cause could show a password
		return
	}
	host, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && host.IsLoopback()
	if u.Scheme == "http" && !here && s.TokenFile != "" {
		bad("url: a token goes to another machine by https only")
	}
}
