package mcptools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// The bounds of what a server says of its tools.
const (
	maxTools   = 128
	maxPages   = 16
	maxSummary = 500
)

// list asks for the tools. Those that can't be offered by their name are left out;
// those that lie about their schema are Unavailable.
func (l *link) list(ctx context.Context, session *mcp.ClientSession) ([]tool.Tool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.server.timeout())
	defer cancel()
	var tools []tool.Tool
	seen := map[string]bool{}
	dropped := 0
	var params mcp.ListToolsParams
	for page := 0; ; page++ {
		if page == maxPages {
			return nil, fmt.Errorf("its tools fill more than %d pages", maxPages)
		}
		asked := params
		result, err := await(ctx, func() (*mcp.ListToolsResult, error) { return session.ListTools(ctx, &asked) })
		if err != nil {
			return nil, err
		}
		for _, t := range result.Tools {
			if !l.wanted(t.Name) || seen[t.Name] || len(tools) == maxTools {
				dropped++
				continue
			}
			seen[t.Name] = true
			tools = append(tools, l.tool(t))
		}
		if result.NextCursor == "" {
			break
		}
		params.Cursor = result.NextCursor
	}
	if dropped > 0 {
		l.log.DebugContext(ctx, "tools of an mcp server left out", slog.Int("left_out", dropped), slog.Int("offered", len(tools)))
	}
	for _, name := range l.server.Tools {
		if !seen[name] {
			tools = append(tools, l.unlisted(name))
		}
	}
	return tools, nil
}

func (l *link) wanted(name string) bool {
	return toolPattern.MatchString(name) && (len(l.server.Tools) == 0 || slices.Contains(l.server.Tools, name))
}

// unlisted is a tool that the configuration names and the server does not.
func (l *link) unlisted(name string) tool.Tool {
	t := l.blank(name)
	t.Unavailable = fmt.Sprintf("MCP server %s has no such tool", l.server.Name)
	return t
}

const (
	anyObject  = `{"type":"object"}`
	textObject = `{"type":"object","additionalProperties":false,"required":["text","truncated"],` +
		`"properties":{"text":{"type":"string"},"truncated":{"type":"boolean"}}}`
)

// blank is a tool of which only the name is known.
func (l *link) blank(name string) tool.Tool {
	t := tool.Tool{Tool: aegis.Tool{
		Name: l.server.Name + "." + name, Summary: "A tool of the MCP server " + l.server.Name + ".",
		Effect: l.server.Effect, Scope: l.server.Scope, Source: "mcp:" + l.server.Name,
		Input: json.RawMessage(anyObject), Output: json.RawMessage(textObject),
	}, Timeout: l.server.timeout()}
	if t.Effect == "" {
		t.Effect = aegis.ToolFetches
	}
	if t.Scope == "" {
		t.Scope = "tools"
	}
	t.Run = func(ctx context.Context, _ tool.Caller, input json.RawMessage) (json.RawMessage, error) {
		return l.call(ctx, name, false, input)
	}
	return t
}

// tool is a tool as the server describes it.
func (l *link) tool(from *mcp.Tool) tool.Tool {
	t := l.blank(from.Name)
	if summary := line(from.Description, maxSummary); summary != "" {
		t.Summary = summary
	}
	input, err := schema(from.InputSchema)
	if err != nil {
		t.Unavailable = fmt.Sprintf("MCP server %s: the tool's input schema %s", l.server.Name, err)
		return t
	}
	t.Input = input
	if from.OutputSchema == nil {
		return t
	}
	output, err := schema(from.OutputSchema)
	if err != nil {
		t.Unavailable = fmt.Sprintf("MCP server %s: the tool's output schema %s", l.server.Name, err)
		return t
	}
	t.Output = output
	t.Run = func(ctx context.Context, _ tool.Caller, input json.RawMessage) (json.RawMessage, error) {
		return l.call(ctx, from.Name, true, input)
	}
	return t
}

// line makes one line of a text that others wrote, at most so many bytes: control
// characters and those that are not seen are gone.
func line(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 8*most)], ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

var errGone = errors.New("is not connected")
