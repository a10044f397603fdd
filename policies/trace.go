package policies

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	aegis "github.com/aegisworld/aegis"
)

// Bounds of a trace. Tracing takes several times as long as deciding.
const (
	traceLines    = 4000
	traceBytes    = 256 << 10
	traceSlowdown = 5
)

// Trace judges the recorded input of a decision, by the rules at the decision's
// path ("aegis/gate" or "aegis/meta"), and tells how: OPA's trace of the rules
// that are entered, left and failed, as lines of text, at most 4,000 and 256 KiB
// of them, with truncated when there was more. The error says that the document
// is not JSON (aegis.ErrBadRecord), or that there is no bundle
// (aegis.ErrUnavailable).
func (g *Gate) Trace(ctx context.Context, path string, document json.RawMessage) (lines []string, truncated bool, result aegis.GateResult, err error) {
	if g == nil || g.decide == nil {
		return nil, false, result, fmt.Errorf("trace a decision: no policy bundle is loaded: %w", aegis.ErrUnavailable)
	}
	value, err := parseInput(document)
	if err != nil {
		return nil, false, result, fmt.Errorf("parse policy input: %w: %w", aegis.ErrBadRecord, err)
	}
	plain, err := g.plain(ctx) // an index would leave rules out of the trace
	if err != nil {
		return nil, false, result, err
	}
	tracer := &steps{}
	query := plain.decide
	if path == "aegis/meta" {
		query = plain.meta
	}
	result = g.traced(ctx, query, value, tracer)
	lines, cut := printed(tracer.events)
	return lines, cut || tracer.more, result, nil
}

// traced decides; whatever keeps policy from answering is a denial.
func (g *Gate) traced(ctx context.Context, query *rego.PreparedEvalQuery, input ast.Value, tracer topdown.QueryTracer) (result aegis.GateResult) {
	defer func() { result.BundleRevision = g.revision }()
	ctx, end := g.boundTo(ctx, traceSlowdown*g.timeout)
	defer end()
	result, err := answered(ctx, query, input, rego.EvalQueryTracer(tracer))
	switch {
	case err == nil:
		g.addRemediations(result.Deny)
		g.addRemediations(result.Warn)
		return result
	case errors.Is(err, errUndefined):
		return refusal(CodeUndefined, err.Error())
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return refusal(CodeTimeout, err.Error())
	default:
		return refusal(CodeError, err.Error())
	}
}

// steps keeps the first steps of an evaluation that tell which rules were
// tried, with what end.
type steps struct {
	events []*topdown.Event
	more   bool
}

// Enabled is always true.
func (*steps) Enabled() bool { return true }

// Config asks for nothing beside the events.
func (*steps) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent takes one step.
func (s *steps) TraceEvent(e topdown.Event) {
	if !telling(e) {
		return
	}
	if s.more = len(s.events) >= traceLines; !s.more {
		s.events = append(s.events, &e)
	}
}

// telling leaves out the steps within expressions, and each single answer of
// a comprehension.
func telling(e topdown.Event) bool {
	return e.Op == topdown.EnterOp || e.Op == topdown.FailOp || e.Op == topdown.NoteOp || e.Op == topdown.ExitOp && e.HasRule()
}

// printed are the lines of a trace, cut where there are too many bytes.
func printed(events []*topdown.Event) (lines []string, cut bool) {
	var text bytes.Buffer
	topdown.PrettyTraceWithLocation(&text, events)
	size := 0
	for line := range strings.Lines(text.String()) {
		if size += len(line); size > traceBytes || len(lines) == traceLines {
			return lines, true
		}
		lines = append(lines, strings.TrimRight(line, "\n"))
	}
	return lines, false
}
