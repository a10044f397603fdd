package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// secondMicros is what a second of waiting is worth, in millionths of a US
	// dollar: it weighs speed against price.
	secondMicros = 1000
	// leastSuccess keeps a model that always fails from an infinite cost.
	leastSuccess = 0.05
)

// candidate is a model that may take one request.
type candidate struct {
	*member
	// out says that it won't be asked again for this request.
	out bool
	// notBefore is when it may be asked again.
	notBefore time.Time
	named     bool
	cost      float64
}

func (c *candidate) ready(now time.Time) bool { return !c.out && !now.Before(c.notBefore) }

// expected is what an answer costs until there is one, in millionths of a US
// dollar: its price and its wait, times the calls that it takes.
func (m *member) expected(r Request, now time.Time) float64 {
	latency, errorRate := m.seen.averages(now)
	price := float64(m.Price.micros(r.likelyTokens(), r.MaxTokens))
	return (price + latency.Seconds()*secondMicros) / max(leastSuccess, 1-errorRate)
}

// candidates are the models for a request, the best first. Those that name its
// kind come before those that take any. ErrNoModel says why there is none.
func (r *Router) candidates(req Request) ([]*candidate, error) {
	var found []*candidate
	var why []string
	for _, m := range r.members {
		if refusal := m.refusal(req); refusal != "" {
			why = append(why, m.name()+" "+refusal)
			continue
		}
		found = append(found, &candidate{member: m, named: slices.Contains(m.Kinds, req.Kind), cost: m.expected(req, r.now())})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: %s; see models.models of the configuration", ErrNoModel, clip(strings.Join(why, "; "), maxFault))
	}
	slices.SortStableFunc(found, func(a, b *candidate) int {
		if a.named != b.named {
			if a.named {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.cost, b.cost)
	})
	return found, nil
}
