package bench

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// ErrBound says that a figure misses its bound.
var ErrBound = errors.New("a figure misses its bound")

// figure is one measured value with its bound; a bound of 0 is none.
type figure struct {
	name  string
	value float64
	unit  string
	bound float64
	// least says that the bound is one from below.
	least bool
}

// missed says that the value is on the wrong side of its bound.
func (f figure) missed() bool {
	if f.least {
		return f.value < f.bound
	}
	return f.bound > 0 && f.value > f.bound
}

// report collects figures and prints them as a table.
type report struct {
	title   string
	figures []figure
}

func (r *report) add(name string, value float64, unit string, bound float64) {
	r.figures = append(r.figures, figure{name: name, value: value, unit: unit, bound: bound})
}

// atLeast adds a figure whose bound is one from below.
func (r *report) atLeast(name string, value float64, unit string, bound float64) {
	r.figures = append(r.figures, figure{name: name, value: value, unit: unit, bound: bound, least: true})
}

func (r *report) duration(name string, d time.Duration, bound time.Duration) {
	r.add(name, float64(d.Microseconds())/1000, "ms", float64(bound.Microseconds())/1000)
}

// write prints the table. It returns ErrBound, naming the first figure that
// misses its bound.
func (r *report) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%s\n", r.title)
	var above error
	for _, f := range r.figures {
		bound, verdict := "", ""
		if f.bound > 0 {
			side, wrong := "≤", "ABOVE"
			if f.least {
				side, wrong = "≥", "BELOW"
			}
			bound, verdict = fmt.Sprintf("%s %.4g %s", side, f.bound, f.unit), "ok"
			if f.missed() {
				verdict = wrong
				above = cmpError(above, fmt.Errorf("%s: %s is %.4g %s: %w", r.title, f.name, f.value, f.unit, ErrBound))
			}
		}
		_, _ = fmt.Fprintf(t, "  %s\t%.4g %s\t%s\t%s\n", f.name, f.value, f.unit, bound, verdict)
	}
	return errors.Join(t.Flush(), above)
}

func cmpError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// percentile is the smallest sample that at least p (0–1) of all do not
// exceed; 0 without samples.
func percentile(samples []time.Duration, p float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	i := int(p*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
