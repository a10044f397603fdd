package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// historyWindow is how far back outcomes count.
const historyWindow = 30 * 24 * time.Hour

// weight is what one factor adds to a risk score: points for each time it
// occurs, up to most.
type weight struct {
	code         string
	points, most int
}

// weights is the table of risk. It is chosen so that the tolerances (low 30,
// medium 60, high 100) mean: low lets parameters be tuned, medium lets
// stateless resources go, and only high lets data be lost or doors be opened
// twice. Points only ever add up: more change is never less risk.
//
//	create            1 each, at most 10   a new resource
//	update            2 each, at most 16   a change in place
//	delete            5 each, at most 25   a resource goes
//	replace           6 each, at most 30   a resource goes and comes back
//	stateful_change   4 each, at most 12   a resource that holds data changes in place
//	stateful_loss    40 each, at most 80   data, keys or history may be lost
//	public_exposure  35 each, at most 70   opened to everyone
//	iam_widening     30 each, at most 60   more permissions
//	share                     at most 15   part of the worst stack that existed before
//	regions           3 each, at most  9   every region after the first
//	past_rollback     3 each, at most  9   rolled back in 30 days on these stacks
//	past_failure      4 each, at most 12   failed in 30 days on these stacks
func weights() []weight {
	return []weight{
		{"create", 1, 10},
		{"update", 2, 16},
		{"delete", 5, 25},
		{"replace", 6, 30},
		{"stateful_change", 4, 12},
		{"stateful_loss", 40, 80},
		{"public_exposure", 35, 70},
		{"iam_widening", 30, 60},
		{"share", 1, 15},
		{"regions", 3, 9},
		{"past_rollback", 3, 9},
		{"past_failure", 4, 12},
	}
}

// risk scores a difference from 0 to 100 and lists what it is made of.
func risk(diff []aegis.ResourceChange, resources map[string]int, past aegis.History) (score int, factors []aegis.RiskFactor) {
	found := occurrences(diff, resources, past)
	for _, w := range weights() {
		o := found[w.code]
		if o == nil || o.times == 0 {
			continue
		}
		points := min(o.times*w.points, w.most)
		factors = append(factors, aegis.RiskFactor{Code: w.code, Points: points, Detail: o.detail()})
		score += points
	}
	return min(score, 100), factors
}

// occurrence counts one factor and remembers the first things that raised it.
type occurrence struct {
	times int
	names []string
}

func (o *occurrence) detail() string {
	const shown = 3
	if len(o.names) > shown {
		return fmt.Sprintf("%s, %s, %s and %d more", o.names[0], o.names[1], o.names[2], len(o.names)-shown)
	}
	return strings.Join(o.names, ", ")
}

type counts map[string]*occurrence

func (c counts) add(code string, times int, name string) {
	if times <= 0 {
		return
	}
	if c[code] == nil {
		c[code] = &occurrence{}
	}
	c[code].times += times
	c[code].names = append(c[code].names, name)
}

func occurrences(diff []aegis.ResourceChange, resources map[string]int, past aegis.History) counts {
	found := counts{}
	var regions []string
	existing := map[string]int{}
	for _, c := range diff {
		found.add(string(c.Action), 1, c.Address)
		switch {
		case losesData(c) || shortensRetention(c):
			found.add("stateful_loss", 1, c.Address)
		case c.Action == aegis.ActionUpdate && stateful(c.Type):
			found.add("stateful_change", 1, c.Address)
		}
		if exposes(c) {
			found.add("public_exposure", 1, c.Address)
		}
		if widensAccess(c) {
			found.add("iam_widening", 1, c.Address)
		}
		if c.Action != aegis.ActionCreate {
			existing[c.StackID]++
		}
		if c.Region != "" && !slices.Contains(regions, c.Region) {
			regions = append(regions, c.Region)
		}
	}
	if stack, points := worstShare(existing, resources); points > 0 {
		found.add("share", points, fmt.Sprintf("%d of %d resources of %s", existing[stack], max(resources[stack], existing[stack]), stack))
	}
	found.add("regions", len(regions)-1, fmt.Sprintf("%d regions", len(regions)))
	found.add("past_rollback", past.RolledBack, fmt.Sprintf("%d rolled back", past.RolledBack))
	found.add("past_failure", past.Failed, fmt.Sprintf("%d failed", past.Failed))
	return found
}

// worstShare is the stack of whose resources the largest part changes, in
// fifteenths.
func worstShare(existing, resources map[string]int) (stack string, points int) {
	for id, changed := range existing {
		p := 15 * changed / max(resources[id], changed, 1)
		if p > points || p == points && (stack == "" || id < stack) {
			stack, points = id, p
		}
	}
	return stack, points
}
