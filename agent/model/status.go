package model

import (
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/aegisworld/aegis"
)

// Status lists the models in the order of the configuration, with what this router
// has seen of each.
func (r *Router) Status() []aegis.Model {
	list := make([]aegis.Model, len(r.members))
	for i, m := range r.members {
		list[i] = m.status(r.now())
	}
	return list
}

func (m *member) status(now time.Time) aegis.Model {
	s := aegis.Model{
		Name: m.name(), Kinds: slices.Concat([]string{}, m.Kinds), Scopes: slices.Concat([]string{}, m.Scopes), InputUSD: m.Price.InputUSD,
		OutputUSD: m.Price.OutputUSD, PriceDate: m.Price.Date, PriceSource: m.Price.Source, Window: m.Price.Window, RPM: m.RPM, State: aegis.ModelReady,
	}
	switch {
	case m.breaker.State() == gobreaker.StateOpen:
		s.State = aegis.ModelOpen
	case m.seen.resting().After(now):
		s.State = aegis.ModelResting
	}
	var latency time.Duration
	s.Calls, latency, s.ErrorRate = m.seen.tally()
	s.LatencyMS = latency.Milliseconds()
	return s
}

// tally is what was seen: answers, their average latency, and the part of calls
// that fail.
func (o *observed) tally() (calls int, latency time.Duration, errorRate float64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls, o.latency, o.errorRate
}
