package mcptools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis/agent/tool"
)

// The bounds of an answer, in bytes.
const (
	maxText       = 128 << 10
	maxStructured = 256 << 10
	maxFault      = 500
)

// call calls a tool of the server. structured is that it promised an answer by its
// output schema.
func (l *link) call(ctx context.Context, name string, structured bool, input json.RawMessage) (json.RawMessage, error) {
	l.mu.Lock()
	session, fault := l.session, l.fault
	l.mu.Unlock()
	if session == nil {
		return nil, fmt.Errorf("%w: MCP server %s %w: %s", tool.ErrFailed, l.server.Name, errGone, fault)
	}
	ctx, cancel := context.WithTimeout(ctx, l.server.timeout())
	defer cancel()
	result, err := await(ctx, func() (*mcp.CallToolResult, error) {
		return session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: input})
	})
	if err != nil {
		l.glance() // is it still there, and its tools?
		return nil, l.failed(ctx, err)
	}
	if result.IsError {
		text, _ := text(result.Content)
		return nil, fmt.Errorf("%w: %s", tool.ErrFailed, line(text, maxFault))
	}
	if result.NeedsInput() {
		return nil, fmt.Errorf("%w: MCP server %s asks for more input, which nobody gives", tool.ErrFailed, l.server.Name)
	}
	if structured {
		return l.structured(result)
	}
	return plain(result)
}

func (l *link) failed(ctx context.Context, err error) error {
	why := line(err.Error(), maxFault)
	if _, ok := errors.AsType[*jsonrpc.Error](err); !ok && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		why = "it did not answer in time"
	}
	return fmt.Errorf("%w: MCP server %s: %s", tool.ErrFailed, l.server.Name, why)
}

// structured is an answer by the tool's output schema.
func (l *link) structured(result *mcp.CallToolResult) (json.RawMessage, error) {
	object, ok := result.StructuredContent.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: MCP server %s promised an object and sent none", tool.ErrFailed, l.server.Name)
	}
	b, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("%w: MCP server %s sent no JSON", tool.ErrFailed, l.server.Name)
	}
	if len(b) > maxStructured {
		return nil, fmt.Errorf("%w: MCP server %s answered more than %d bytes", tool.ErrFailed, l.server.Name, maxStructured)
	}
	return b, nil
}

// plain is the text of an answer.
func plain(result *mcp.CallToolResult) (json.RawMessage, error) {
	var answer struct {
		Text      string `json:"text"`
		Truncated bool   `json:"truncated"`
	}
	answer.Text, answer.Truncated = text(result.Content)
	if answer.Text == "" && result.StructuredContent != nil {
		b, err := json.Marshal(result.StructuredContent)
		if err != nil {
			return nil, fmt.Errorf("%w: the answer is no JSON", tool.ErrFailed)
		}
		answer.Text, answer.Truncated = bound(string(b))
	}
	return json.Marshal(answer)
}

// text joins what is text, and names the rest.
func text(content []mcp.Content) (string, bool) {
	var b strings.Builder
	for _, part := range content {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		switch c := part.(type) {
		case *mcp.TextContent:
			b.WriteString(c.Text)
		case *mcp.ImageContent:
			fmt.Fprintf(&b, "[image, %d bytes]", len(c.Data))
		case *mcp.AudioContent:
			fmt.Fprintf(&b, "[audio, %d bytes]", len(c.Data))
		case *mcp.EmbeddedResource:
			if c.Resource != nil {
				b.WriteString(c.Resource.Text)
			}
		case *mcp.ResourceLink:
			b.WriteString(line(c.URI, maxFault))
		}
		if b.Len() > maxText {
			break
		}
	}
	return bound(b.String())
}

// bound cuts a text and takes control characters out.
func bound(s string) (string, bool) {
	cut := len(s) > maxText
	if cut {
		s = s[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")), cut
}
