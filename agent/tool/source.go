package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

const (
	// lookTimeout bounds a look at all sources.
	lookTimeout = 5 * time.Second
	// maxText bounds what a tool says of itself, in bytes.
	maxText = 1 << 10
	// maxMoving bounds the tools of a source.
	maxMoving = 500
)

var toolName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,127}$`)

// entries are all tools that there are now, by name.
func (r *Registry) entries(ctx context.Context) map[string]*entry {
	all := maps.Clone(r.fixed)
	if len(r.Sources) == 0 {
		return all
	}
	found := map[string]Tool{}
	for _, source := range r.Sources {
		for _, t := range look(ctx, source) {
			if _, taken := all[t.Name]; taken {
				continue
			}
			if _, taken := found[t.Name]; !taken {
				found[t.Name] = t
			}
		}
	}
	maps.Copy(all, r.refresh(found))
	return all
}

// look asks a source, which may hang or panic as what it has.
func look(ctx context.Context, source Source) []Tool {
	found, err := within(ctx, lookTimeout, func(ctx context.Context) ([]Tool, error) { return source.Tools(ctx), nil })
	if err != nil {
		return nil
	}
	return found[:min(len(found), maxMoving)]
}

// refresh keeps the entries of tools that are as they were, so that schemas are
// compiled once.
func (r *Registry) refresh(found map[string]Tool) map[string]*entry {
	r.mu.Lock()
	known := r.moving
	r.mu.Unlock()
	fresh := make(map[string]*entry, len(found))
	for name, t := range found {
		fresh[name] = newEntry(plainly(t), known[name])
	}
	r.mu.Lock()
	r.moving = fresh
	r.mu.Unlock()
	return fresh
}

// plainly has texts that a model may be shown: others wrote them.
func plainly(t Tool) Tool {
	t.Summary, t.Unavailable = line(t.Summary), line(t.Unavailable)
	return t
}

func line(text string) string {
	return Clip(strings.Join(strings.Fields(memory.ScrubSecrets(Clip(text, maxText))), " "), maxText)
}

// newEntry compiles a tool's schemas, unless it was known with the same. A tool that
// says nothing of its answer may answer any object.
func newEntry(t Tool, known *entry) *entry {
	if len(t.Output) == 0 {
		t.Output = json.RawMessage(`{"type":"object"}`)
	}
	e := &entry{Tool: t, fault: oddity(t)}
	if e.fault != "" {
		return e
	}
	if known != nil && known.input != nil && known.output != nil && bytes.Equal(t.Input, known.Input) && bytes.Equal(t.Output, known.Output) {
		e.input, e.output = known.input, known.output
		return e
	}
	var err error
	if e.input, err = compile(t.Input); err != nil {
		e.fault = "its input schema is faulty: " + clean(err)
		return e
	}
	if e.output, err = compile(t.Output); err != nil {
		e.fault = "its output schema is faulty: " + clean(err)
	}
	return e
}

// oddity says what is wrong with a tool beside its schemas.
func oddity(t Tool) string {
	effects := []aegis.ToolEffect{aegis.ToolReads, aegis.ToolPlans, aegis.ToolProposes, aegis.ToolFetches, aegis.ToolRuns}
	switch {
	case !toolName.MatchString(t.Name):
		return "its name is not of letters, digits and _ . -, 128 at most, a letter first"
	case !slices.Contains(effects, t.Effect):
		return "its effect is none of read, plan, propose, fetch and run"
	case t.Effect == aegis.ToolProposes && t.Source != "aegis":
		return "only the control plane's own tools propose"
	case t.Run == nil:
		return "it can't be run"
	default:
		return ""
	}
}
