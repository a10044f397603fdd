package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// countsTimeout bounds what a scrape may wait for the database.
const countsTimeout = 3 * time.Second

// Counts tells how many objects are in which state, by kind ("goals",
// "change_sets", "stacks", "jobs") and state.
type Counts func(ctx context.Context) (map[string]map[string]int64, error)

// states is a collector that asks for counts at every scrape.
type states struct {
	counts Counts
	count  *prometheus.Desc
	up     *prometheus.Desc
}

func newStates(counts Counts) *states {
	return &states{
		counts: counts,
		count:  prometheus.NewDesc("aegis_objects", "Goals, change sets, stacks and jobs by state.", []string{"kind", "state"}, nil),
		up:     prometheus.NewDesc("aegis_database_up", "Whether the database answered this scrape.", nil, nil),
	}
}

// Describe sends the two descriptions.
func (s *states) Describe(out chan<- *prometheus.Desc) {
	out <- s.count
	out <- s.up
}

// Collect asks for the counts; without an answer only aegis_database_up tells.
func (s *states) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countsTimeout)
	defer cancel()
	counts, err := s.counts(ctx)
	up := 1.0
	if err != nil {
		up = 0
	}
	out <- prometheus.MustNewConstMetric(s.up, prometheus.GaugeValue, up)
	for kind, byState := range counts {
		for state, n := range byState {
			out <- prometheus.MustNewConstMetric(s.count, prometheus.GaugeValue, float64(n), kind, state)
		}
	}
}
