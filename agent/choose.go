package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// candidate is a way that was worked out, with the reason why it is not taken.
type candidate struct {
	way      way
	plan     plan
	usd      float64
	rejected string
	// past is what came of it before.
	past lesson
}

// choose works out every way to the goal's aim and takes the cheapest that is
// allowed, or the first when the aim prefers that; one that did not last lately only
// when there is no other.
func (p *Planner) choose(ctx context.Context, goal aegis.Goal, s survey, r reading, tried map[string]string) (plan, error) {
	v, err := p.view(ctx, s)
	if err != nil {
		return plan{reading: r}, err
	}
	ways, err := r.aim.ways(v)
	if err != nil {
		return plan{reading: r}, err
	}
	lessons, err := p.recall(ctx, goal, r.aim.summary, ways)
	if err != nil {
		return plan{reading: r}, err
	}
	candidates := make([]candidate, len(ways))
	for i, w := range ways {
		if candidates[i], err = p.weigh(ctx, s, r, w, tried[w.name]); err != nil {
			return plan{reading: r}, err
		}
		candidates[i].past = lessons[w.name]
	}
	taken := best(candidates, r.aim.preferred)
	options := explained(candidates, taken)
	if taken < 0 {
		return plan{reading: r, options: options}, refuse("%s", unreachable(candidates))
	}
	chosen := candidates[taken].plan
	chosen.options = options
	return chosen, nil
}

// view reads all that ways may be worked out on.
func (p *Planner) view(ctx context.Context, s survey) (view, error) {
	v := view{regions: p.Regions, specs: map[place]aegis.Spec{}, cost: p.difference}
	for _, stack := range s.stacks {
		if stack.Adopted() || stack.Revision == 0 {
			continue
		}
		rev, err := p.newest(ctx, s, stack.StackID)
		if err != nil {
			return v, err
		}
		v.specs[place{stack.Layer, stack.Region}] = rev.Spec
	}
	return v, nil
}

// weigh works one way out. What speaks against it is no error.
func (p *Planner) weigh(ctx context.Context, s survey, r reading, w way, tried string) (candidate, error) {
	pl, err := p.draft(ctx, s, r, w)
	c := candidate{way: w, plan: pl, rejected: tried}
	for _, l := range pl.layers {
		c.usd += l.usd
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		c.rejected = cmp.Or(tried, refused.text)
		return c, nil
	}
	if c.rejected == "" && w.tolerance.MaxRisk() > r.limits.tolerance.MaxRisk() {
		c.rejected = fmt.Sprintf("needs risk_tolerance %s, the goal's is %s", w.tolerance, r.limits.tolerance)
	}
	return c, err
}

// best is the index of the candidate to take, -1 for none. Of those that cost the
// same it is the one that leaves least undone.
func best(candidates []candidate, preferred bool) int {
	taken := -1
	for i, c := range candidates {
		switch {
		case c.rejected != "":
		case taken < 0:
			taken = i
		case c.past.failed != candidates[taken].past.failed:
			if !c.past.failed {
				taken = i
			}
		case preferred:
		case c.usd < candidates[taken].usd || c.usd == candidates[taken].usd && len(c.way.lacks) < len(candidates[taken].way.lacks):
			taken = i
		}
	}
	return taken
}

// explained says of every candidate what speaks for or against it.
func explained(candidates []candidate, taken int) []aegis.GoalOption {
	options := make([]aegis.GoalOption, len(candidates))
	for i, c := range candidates {
		options[i] = aegis.GoalOption{
			Name: c.way.name, Summary: c.way.summary, EstimatedUSDMonth: c.usd, Lacks: c.way.lacks, Chosen: i == taken, Rejected: c.rejected,
			Past: c.past.text,
		}
		if taken < 0 || i == taken || c.rejected != "" {
			continue
		}
		if c.past.failed && !candidates[taken].past.failed {
			options[i].Rejected = "did not last when it was tried before"
			continue
		}
		options[i].Rejected = fmt.Sprintf("%q is enough", candidates[taken].way.name)
		if more := c.usd - candidates[taken].usd; more > 0 {
			options[i].Rejected = fmt.Sprintf("costs about $%.2f a month more than %q", more, candidates[taken].way.name)
		}
	}
	return options
}

// unreachable says why no way may be taken, and how near the goal can be reached.
func unreachable(candidates []candidate) string {
	reasons := make([]string, len(candidates))
	for i, c := range candidates {
		reasons[i] = fmt.Sprintf("%q (about %s a month): %s", c.way.name, signed(c.usd), c.rejected)
	}
	return "no way to it is allowed: " + strings.Join(reasons, "; ")
}

// signed is an amount of US dollars with its sign.
func signed(usd float64) string {
	if usd < 0 {
		return fmt.Sprintf("-$%.2f", -usd)
	}
	return fmt.Sprintf("+$%.2f", usd)
}

// tried are the ways that options say were taken before and failed.
func tried(options []aegis.GoalOption) map[string]string {
	reasons := map[string]string{}
	for _, o := range options {
		if strings.HasPrefix(o.Rejected, triedMark) {
			reasons[o.Name] = o.Rejected
		}
	}
	return reasons
}

// triedMark begins the reason of a way that was taken and did not last.
const triedMark = "tried: "

// fallen marks the chosen option as tried.
func fallen(options []aegis.GoalOption, why string) []aegis.GoalOption {
	options = slices.Clone(options)
	for i := range options {
		if options[i].Chosen {
			options[i].Chosen, options[i].Rejected = false, triedMark+shorten(why)
		}
	}
	return options
}
