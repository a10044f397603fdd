package memory

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// Ranking weighs what a search found. With r the ranks in the lists by vector and
// by words, 1 the best, and a term left out where a memory is not in the list,
//
//	score = (1/(K+r_vector) + 1/(K+r_words)) × (K+1)/2 × recency × outcome
//	recency = Floor + (1-Floor) × 2^(-age/HalfLife)
//	outcome = 1 for succeeded, Failed for failed, Open for neither
//
// which is reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009) times
// two weights: 1 is what is first in both lists, fresh, and succeeded. Of equal
// scores the newest comes first, then the greatest id.
type Ranking struct {
	// K is 60 when zero.
	K float64
	// HalfLife is 30 days when zero, Floor 0.5: age alone takes away no more.
	HalfLife time.Duration
	Floor    float64
	// Failed is 0.8 when zero, Open 0.9.
	Failed, Open float64
}

func (r *Ranking) setDefaults() {
	r.K = cmp.Or(r.K, 60)
	r.HalfLife = cmp.Or(r.HalfLife, 30*24*time.Hour)
	r.Floor = cmp.Or(r.Floor, 0.5)
	r.Failed = cmp.Or(r.Failed, 0.8)
	r.Open = cmp.Or(r.Open, 0.9)
}

// scored is a hit with its score.
type scored struct {
	Hit

	score float64
}

// compareScored orders the best first.
func compareScored(a, b scored) int {
	return cmp.Or(cmp.Compare(b.score, a.score), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.MemoryID, a.MemoryID))
}

// rank fuses the lists, best first, as of now.
func (r Ranking) rank(found Found, now time.Time) []scored {
	sums := map[string]*scored{}
	for _, list := range [][]Hit{found.Nearest, found.Matching} {
		for i, hit := range list {
			s, ok := sums[hit.MemoryID]
			if !ok {
				s = &scored{Hit: hit}
				sums[hit.MemoryID] = s
			}
			s.score += 1 / (r.K + float64(i+1))
		}
	}
	out := make([]scored, 0, len(sums))
	for _, s := range sums {
		s.score *= (r.K + 1) / 2 * r.recency(now.Sub(s.CreatedAt)) * r.outcome(s.Outcome)
		out = append(out, *s)
	}
	slices.SortFunc(out, compareScored)
	return out
}

func (r Ranking) recency(age time.Duration) float64 {
	return r.Floor + (1-r.Floor)*math.Exp2(-float64(max(age, 0))/float64(r.HalfLife))
}

func (r Ranking) outcome(o aegis.MemoryOutcome) float64 {
	switch o {
	case aegis.MemorySucceeded:
		return 1
	case aegis.MemoryFailed:
		return r.Failed
	default:
		return r.Open
	}
}
