package author

import (
	"math"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis/policies/archive"
)

// Coverage is which lines of rules the tests ran. Lines of tests don't count.
type Coverage struct {
	// Percent is 100 where there is nothing to run.
	Percent    float64        `json:"percent"`
	Covered    int            `json:"covered_lines"`
	NotCovered int            `json:"not_covered_lines"`
	Files      []FileCoverage `json:"files"`
}

// FileCoverage is Coverage of one file.
type FileCoverage struct {
	File       string  `json:"file"`
	Percent    float64 `json:"percent"`
	Covered    int     `json:"covered_lines"`
	NotCovered int     `json:"not_covered_lines"`
	// Missed are the first and last lines of what no test ran.
	Missed [][2]int `json:"missed,omitempty"`
}

// coverage is that of the rules that the base does not have.
func (t *testRun) coverage(files archive.Files) (Coverage, error) {
	modules, _, err := parsed(files)
	if err != nil {
		return Coverage{}, err
	}
	rules := map[string]*ast.Module{}
	for name, module := range modules {
		if !archive.IsTest(name) && !t.common(files, name) {
			rules[name] = module
		}
	}
	report := t.covered.Report(rules)
	total := Coverage{Files: []FileCoverage{}}
	for name := range rules {
		r := report.Files[name]
		if r == nil || r.CoveredLines+r.NotCoveredLines == 0 {
			continue
		}
		f := FileCoverage{File: name, Covered: r.CoveredLines, NotCovered: r.NotCoveredLines, Percent: percent(r.CoveredLines, r.NotCoveredLines)}
		for _, gap := range r.NotCovered {
			f.Missed = append(f.Missed, [2]int{gap.Start.Row, gap.End.Row})
		}
		f.Missed = merged(f.Missed)
		total.Covered += f.Covered
		total.NotCovered += f.NotCovered
		total.Files = append(total.Files, f)
	}
	slices.SortFunc(total.Files, func(x, y FileCoverage) int { return strings.Compare(x.File, y.File) })
	total.Percent = percent(total.Covered, total.NotCovered)
	return total, nil
}

// percent has one decimal, and is 100 only when nothing is missed.
func percent(covered, missed int) float64 {
	if missed == 0 {
		return 100
	}
	return math.Floor(1000*float64(covered)/float64(covered+missed)) / 10
}

// merged joins ranges of lines that touch.
func merged(ranges [][2]int) (out [][2]int) {
	slices.SortFunc(ranges, func(x, y [2]int) int { return x[0] - y[0] })
	for _, r := range ranges {
		if last := len(out) - 1; last >= 0 && r[0] <= out[last][1]+1 {
			out[last][1] = max(out[last][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}
