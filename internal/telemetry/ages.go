package telemetry

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aegisworld/aegis"
)

// Freshness tells how old what is known of stacks is.
type Freshness func(ctx context.Context) (aegis.Freshness, error)

// ages is a collector that asks for freshness at every scrape.
type ages struct {
	freshness Freshness
	stack     *prometheus.Desc
	event     *prometheus.Desc
}

func newAges(f Freshness) *ages {
	return &ages{
		freshness: f,
		stack: prometheus.NewDesc("aegis_stack_last_reconciled_timestamp_seconds", "When a stack was last compared with its spec, or became known before that.",
			[]string{"stack_id", "environment", "region"}, nil),
		event: prometheus.NewDesc("aegis_cloud_events_oldest_pending_seconds", "Age of the oldest event that a stack is yet to be looked at for; 0 for none.", nil, nil),
	}
}

// Describe sends the two descriptions.
func (a *ages) Describe(out chan<- *prometheus.Desc) {
	out <- a.stack
	out <- a.event
}

// Collect asks for the ages; without an answer there are none.
func (a *ages) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countsTimeout)
	defer cancel()
	f, err := a.freshness(ctx)
	if err != nil {
		return
	}
	for _, s := range f.Stacks {
		out <- prometheus.MustNewConstMetric(a.stack, prometheus.GaugeValue, float64(s.ReconciledAt.UnixMilli())/1000, s.StackID, s.Environment, s.Region)
	}
	out <- prometheus.MustNewConstMetric(a.event, prometheus.GaugeValue, f.OldestEvent.Seconds())
}
