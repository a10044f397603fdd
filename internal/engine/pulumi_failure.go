package engine

import (
	"encoding/json"
	"strings"

	"github.com/aegisworld/aegis"
)

// failure is what went wrong in a session.
func (s *session) failure(err error, rec *recording) error {
	return classify(said(s.run, err, rec))
}

// said is what an engine run said of its failure: one line for each thing that
// went wrong, secrets scrubbed.
func said(run aegis.StackRun, err error, rec *recording) string {
	var lines []string
	open := ""
	if rec != nil {
		rec.mu.Lock()
		lines, open = append(lines, rec.errors...), rec.open()
		rec.mu.Unlock()
	}
	if len(lines) == 0 {
		lines = []string{lastLines(err.Error(), 12)}
	}
	return scrub(strings.Join(lines, "; "), secretValues(run.Spec, open))
}

// open is what the plan shows openly: the inputs, secrets masked by the engine.
func (r *recording) open() string {
	if len(r.planned) == 0 {
		return ""
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for urn, m := range r.planned {
		b.WriteString(urn)
		if m.New != nil {
			_ = enc.Encode(m.New.Inputs) //nolint:errchkjson // just decoded
		}
		if m.Old != nil {
			_ = enc.Encode(m.Old.Inputs) //nolint:errchkjson // just decoded
		}
	}
	return b.String()
}

// lastLines keeps the end of a long text, blank lines left out.
func lastLines(s string, n int) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
