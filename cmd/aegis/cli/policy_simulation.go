package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// shown is how many rows of each list of a simulation text output has.
const shown = 20

// writeSimulation tells what a candidate decides otherwise, and what to look at
// first.
func (c *cli) writeSimulation(w io.Writer, r aegis.Simulation) {
	t := r.Totals
	facts(w, "candidate", r.Candidate.Revision, "running", r.Candidate.RunningRevision, "judged", plural(r.Evaluated, "decision"),
		"unchanged", strconv.Itoa(t.Unchanged), "newly denied", strconv.Itoa(t.NewlyDenied), "newly allowed", strconv.Itoa(t.NewlyAllowed),
		"newly warned", nonzero(t.NewlyWarned), "canary", change(t.CanaryAdded, t.CanaryRemoved, "required", "dropped"),
		"soak", change(t.SoakLonger, t.SoakShorter, "longer", "shorter"),
		"snapshot", change(t.SnapshotAdded, t.SnapshotRemoved, "required", "dropped"),
		"simulation", change(t.SimulateAdded, t.SimulateRemoved, "required", "dropped"),
		"execution policy", change(t.ExecutionPolicyChanged, 0, "changed", ""), "errors", nonzero(t.Errors))
	for _, note := range r.Notes {
		_, _ = fmt.Fprintf(w, "\n%s\n", note) // into memory
	}
	writeVerdicts(w, r.Hypothetical)
	writeRules(w, r.ByRule)
	c.writeFlips(w, "Newly denied", r.NewlyDenied)
	c.writeFlips(w, "Newly allowed", r.NewlyAllowed)
	c.writeTerms(w, r.RequirementsChanged)
	rows := make([][]string, 0, len(r.Errors))
	for _, e := range r.Errors {
		rows = append(rows, []string{dash(e.ChangeSetID), dash(e.DecisionID + e.StackID), e.Code, short(e.Message, 90)})
	}
	section(w, "Could not be judged", "CHANGE_SET DECISION CODE WHY", rows)
}

func writeVerdicts(w io.Writer, verdicts []aegis.SimulatedVerdict) {
	rows := make([][]string, 0, len(verdicts))
	for _, v := range verdicts {
		rows = append(rows, []string{
			short(v.Summary, 50), strings.Join(v.StackIDs, ","), strconv.Itoa(v.Resources), says(v.Running), says(v.Candidate),
			short(rules(v.Candidate.Deny), 90),
		})
	}
	section(w, "What would be asked of the gate", "CHANGE STACKS RESOURCES RUNNING CANDIDATE WHY", rows)
}

func says(a aegis.SimulatedAnswer) string {
	if a.Allowed {
		return "allowed"
	}
	return "denied"
}

func writeRules(w io.Writer, flips []aegis.RuleFlips) {
	rows := make([][]string, 0, len(flips))
	for _, f := range flips {
		why := ""
		if len(f.Examples) > 0 {
			why = sayOf(f.Examples[0].Rules, f.Code)
		}
		rows = append(rows, []string{
			f.Code, strconv.Itoa(f.NewlyDenied), strconv.Itoa(f.NewlyAllowed), strconv.Itoa(f.AlsoDenies),
			strconv.Itoa(f.NoLongerDenies), strconv.Itoa(f.NewlyWarned), short(why, 90),
		})
	}
	section(w, "By rule", "RULE NEWLY_DENIED NEWLY_ALLOWED ALSO_DENIES NO_LONGER WARNS FOR_INSTANCE", rows)
}

// sayOf is what a rule says, with the resource that it is about.
func sayOf(results []aegis.RuleResult, code string) string {
	for _, r := range results {
		if r.Code == code {
			return strings.TrimSpace(r.Msg + " " + r.Address)
		}
	}
	return ""
}

func (c *cli) writeFlips(w io.Writer, title string, flips []aegis.SimulatedFlip) {
	rows := make([][]string, 0, len(flips))
	for _, f := range flips {
		why := ""
		if len(f.Rules) > 0 {
			why = sayOf(f.Rules, f.Rules[0].Code)
		}
		rows = append(rows, []string{dash(f.ChangeSetID), dash(f.StackID), c.decided(f.DecidedAt), strings.Join(f.Codes, ","), short(why, 90)})
	}
	section(w, title, "CHANGE_SET STACK DECIDED RULES WHY", rows)
}

func (c *cli) writeTerms(w io.Writer, changed []aegis.SimulatedTerms) {
	rows := make([][]string, 0, len(changed))
	for _, x := range changed {
		rows = append(rows, []string{dash(x.ChangeSetID), strings.Join(x.StackIDs, ","), c.decided(x.DecidedAt), demands(x.Before), demands(x.After)})
	}
	section(w, "Allowed on other terms", "CHANGE_SET STACKS DECIDED BEFORE AFTER", rows)
}

func demands(r aegis.Requirements) string {
	parts := []string{fmt.Sprintf("soak %d s", r.SoakSeconds)}
	if r.Canary {
		parts = append(parts, "canary")
	}
	if r.Snapshot {
		parts = append(parts, "snapshot")
	}
	if r.Simulate {
		parts = append(parts, "simulate")
	}
	return strings.Join(parts, ", ")
}

// section writes the first rows of a list, when there are any.
func section(w io.Writer, title, headings string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", title) // into memory
	table(w, headings, rows[:min(len(rows), shown)])
	if len(rows) > shown {
		_, _ = fmt.Fprintf(w, "There is more: -o json has up to 1000.\n") // into memory
	}
}

func (c *cli) decided(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return c.ago(*at)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// nonzero is a count, or "" for none.
func nonzero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// change is like "3 required, 1 dropped"; "" when there is none.
func change(more, less int, gained, lost string) string {
	var parts []string
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", more, gained))
	}
	if less > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", less, lost))
	}
	return strings.Join(parts, ", ")
}
