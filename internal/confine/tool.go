package confine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// Name is the tool's name.
const Name = "run_command"

// New proves the isolation, which takes seconds, and returns the tool
// "run_command". When a proof fails the tool is Unavailable with which one did and
// what to do. The error is about the options.
func New(ctx context.Context, o Options) (tool.Tool, error) {
	if err := o.Limits.Check(); err != nil {
		return tool.Tool{}, err
	}
	if o.Concurrent < 0 {
		return tool.Tool{}, fmt.Errorf("concurrent: %d is negative", o.Concurrent)
	}
	if o.Concurrent == 0 {
		o.Concurrent = 2
	}
	t := tool.Tool{
		Tool: aegis.Tool{
			Name:    Name,
			Summary: "Runs a program on text in an empty folder, without network, within limits of time and memory.",
			Effect:  aegis.ToolRuns, Scope: "tools", Source: "aegis",
			Input: json.RawMessage(inputSchema), Output: json.RawMessage(outputSchema),
		},
		Timeout: o.Limits.Wall + 5*time.Second, // starting and ending take time, too
	}
	if err := prove(ctx, o); err != nil {
		t.Unavailable = "commands can't be confined here: " + clean(err.Error())
		t.Run = func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return nil, fmt.Errorf("%w: %s", tool.ErrFailed, t.Unavailable)
		}
		return t, nil
	}
	turns := make(chan struct{}, o.Concurrent)
	t.Run = func(ctx context.Context, _ tool.Caller, input json.RawMessage) (json.RawMessage, error) {
		c, err := parse(input)
		if err != nil {
			return nil, err
		}
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: other commands run, and none ended in time", tool.ErrFailed)
		}
		out, err := run(ctx, o, order{Command: c, Limits: o.Limits})
		if err != nil {
			return nil, fmt.Errorf("%w: %s", tool.ErrFailed, clean(err.Error()))
		}
		return json.Marshal(out)
	}
	return t, nil
}

// clean bounds a sentence that others may have written.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}
