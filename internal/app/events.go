package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/telemetry"
)

// EventsConfig says where CloudTrail's events come from, beside the API.
type EventsConfig struct {
	// Queues are SQS queues that EventBridge fills, URLs by region. A region
	// without one has the queue of layer security, if that makes one.
	Queues map[string]string `yaml:"queues"`
	// Off reads no queue.
	Off bool `yaml:"off"`
}

func (e EventsConfig) check(regions map[string]bool, bad func(format string, args ...any)) {
	for region, url := range e.Queues {
		if !regions[region] || url == "" {
			bad("events.queues: %q: give the URL of a queue in one of the estate's regions", region)
		}
	}
}

// declare has layer security make a queue in each region that has none. A
// sandbox's account has its own: there the engine would wait for a minute.
func (e EventsConfig) declare(spec *aegis.Spec, sandbox bool) error {
	if spec.Layer != aegis.LayerSecurity || sandbox || e.Off || e.Queues[spec.Region] != "" {
		return nil
	}
	var params aegis.SecuritySpec
	if err := json.Unmarshal(spec.Parameters, &params); err != nil {
		return fmt.Errorf("read the parameters of layer security: %w", err)
	}
	params.CloudEvents = true
	text, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("encode the parameters of layer security: %w", err)
	}
	spec.Parameters = text
	return nil
}

// intake counts what it takes in.
type intake struct {
	*drift.Intake

	metrics *telemetry.Metrics
}

// TakeEvents takes in a body of events.
func (i intake) TakeEvents(ctx context.Context, body []byte) (aegis.EventCounts, error) {
	counts, err := i.Intake.TakeEvents(ctx, body)
	i.metrics.CountEvents(counts, err != nil)
	return counts, err //nolint:wrapcheck // the same, counted
}

// pollEvents takes in what the event queues hold until ctx ends. A message
// with a record that can't be read is left to the dead-letter queue.
func (p *control) pollEvents(ctx context.Context) error {
	if p.config.Events.Off {
		return nil
	}
	err := p.account.PollEvents(ctx, cloud.EventQueues{
		URLs: p.config.Events.Queues,
		Take: func(ctx context.Context, body []byte) error {
			counts, err := p.intake.TakeEvents(ctx, body)
			if err == nil && counts.Malformed > 0 {
				err = fmt.Errorf("%d records can't be read: %w", counts.Malformed, aegis.ErrBadRecord)
			}
			return err
		},
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("poll events: %w", err)
	}
	return nil
}
