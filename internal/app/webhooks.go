package app

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis/webhooks"
)

// hooks are the parts of webhooks in one process.
type hooks struct {
	registry   *webhooks.Registry
	dispatcher *webhooks.Dispatcher
	sender     *webhooks.Sender
}

// newHooks seals with a key of the same origin as that of snapshots: what one
// worker sealed another opens.
func (p *control) newHooks(ctx context.Context) (*hooks, error) {
	key, err := digestKey(ctx, p.config, p.account, p.db)
	if err != nil {
		return nil, err
	}
	sealer, err := webhooks.NewSealer(key)
	if err != nil {
		return nil, err
	}
	guard, err := p.config.Egress.guard()
	if err != nil {
		return nil, fmt.Errorf("egress.allow: %w", err)
	}
	return &hooks{
		registry:   &webhooks.Registry{Store: p.db, Guard: guard, Sealer: sealer},
		dispatcher: &webhooks.Dispatcher{Store: p.db, Logger: p.log},
		sender: webhooks.NewSender(webhooks.SenderConfig{
			Store: p.db, Client: guard.Client(), Sealer: sealer, Environment: p.config.Environment, Version: Version,
			Metrics: p.metrics, Logger: p.log,
		}),
	}, nil
}
