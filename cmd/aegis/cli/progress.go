package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/aegisworld/aegis"
)

// line is one thing that moves.
type line struct{ key, text string }

// progress shows lines that change: redrawn in place on a terminal, and printed
// when they differ elsewhere. With JSON output it is silent.
type progress struct {
	out      io.Writer
	terminal bool
	silent   bool
	drawn    int
	last     map[string]string
}

func (c *cli) progress() *progress {
	return &progress{out: c.Out, terminal: c.Terminal, silent: c.output == "json", last: map[string]string{}}
}

// update shows the lines.
func (p *progress) update(lines []line) {
	switch {
	case p.silent:
	case p.terminal:
		p.redraw(lines)
	default:
		for _, l := range lines {
			if p.last[l.key] != l.text {
				p.last[l.key] = l.text
				_, _ = fmt.Fprintln(p.out, l.text) // nobody is left to tell
			}
		}
	}
}

// redraw moves up over what was drawn and draws again. The moves go around the
// filter of control characters, the lines through it.
func (p *progress) redraw(lines []line) {
	raw := p.out
	if t, ok := p.out.(*textWriter); ok {
		raw = t.w
	}
	if p.drawn > 0 {
		_, _ = fmt.Fprintf(raw, "\x1b[%dA\x1b[J", p.drawn) // nobody is left to tell
	}
	for _, l := range lines {
		_, _ = fmt.Fprintln(p.out, clip(strings.ReplaceAll(l.text, "\n", " "), 160))
	}
	p.drawn = len(lines)
}

// close ends the drawing; what follows goes below.
func (p *progress) close() { p.drawn = 0 }

// changeLine says where a change set is.
func changeLine(cs aegis.AutonomousChangeSet) string {
	text := fmt.Sprintf("%s  %s  %s  risk %d", cs.ChangeSetID, way(cs), cs.Summary, cs.RiskScore)
	if cs.CostDeltaUSDMonth != 0 {
		text += fmt.Sprintf("  %+.2f $ a month", cs.CostDeltaUSDMonth)
	}
	if len(cs.Denials) > 0 {
		text += "  [" + rules(cs.Denials) + "]"
	}
	if cs.Error != "" && len(cs.Denials) == 0 {
		text += ": " + cs.Error
	}
	return text
}

// way draws the phases up to the one that a change set is in, or how it ended.
func way(cs aegis.AutonomousChangeSet) string {
	if cs.PromotionState.Terminal() {
		return words(string(cs.PromotionState))
	}
	var parts []string
	for _, phase := range []aegis.Phase{aegis.PhasePlan, aegis.PhaseGate, aegis.PhaseCanary, aegis.PhaseApply, aegis.PhaseVerify} {
		parts = append(parts, string(phase))
		if phase == cs.Phase {
			return strings.Join(parts, " › ") + " …"
		}
	}
	return words(string(cs.PromotionState)) + " …"
}
