package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/bench/goals"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

// planRounds is how often the set is planned for its rate.
const planRounds = 5

// planRate is how many goals a second the built-in planner reads, prices and weighs
// over the sandbox's estate, before engines and policy: on all cores, each goal as
// good as alone, those that it refuses among them.
func planRate(ctx context.Context, p *e2e.Process, set []goals.Goal) (float64, error) {
	db, err := postgres.Open(ctx, p.DatabaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	prices, err := pricing.Load()
	if err != nil {
		return 0, fmt.Errorf("load the price table: %w", err)
	}
	planner := agent.New(agent.Config{
		Goals: db, Stacks: db, Specs: db, ChangeSets: db, Pricer: prices, Validate: stacks.Validate, DependsOn: stacks.DependsOn, Regions: p.Regions,
	})
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	began := time.Now()
	for range planRounds {
		for _, goal := range set {
			group.Go(func() error {
				_, _, err := planner.Rehearse(within, goal.Spec())
				if errors.Is(err, aegis.ErrInvalid) {
					return nil // it is refused
				}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("plan goals: %w", err)
	}
	return float64(planRounds*len(set)) / time.Since(began).Seconds(), nil
}
