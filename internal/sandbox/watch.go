package sandbox

import (
	"context"
	"fmt"
)

// maxCrashes is how often one child may crash before the supervisor gives up.
const maxCrashes = 5

// watchRegion restarts the region's emulator when it ends by itself, and
// replays its journal: callers meet retryable faults meanwhile.
func (s *supervisor) watchRegion(ctx context.Context, region string) error {
	for range maxCrashes {
		e := s.emulatorOf(region)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-e.done:
		}
		s.opts.Logger.WarnContext(ctx, "emulator crashed", "region", region, "error", e.ended())
		s.front.Disconnect(region)
		e.close()
		if err := s.restartRegion(ctx, region); err != nil {
			return fmt.Errorf("restart the emulator of %s: %w", region, err)
		}
	}
	return fmt.Errorf("the emulator of %s crashed %d times", region, maxCrashes)
}

func (s *supervisor) emulatorOf(region string) *emulator {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emulators[region]
}

func (s *supervisor) restartRegion(ctx context.Context, region string) error {
	replay := &replays{}
	if err := s.beginRegion(ctx, region, replay); err != nil {
		return err
	}
	if replay.diverged == nil {
		return nil
	}
	return s.beginAnew(ctx, replay)
}

// beginAnew empties the account after a replay that went wrong in mid-life.
// The first users keep their names and get new keys.
func (s *supervisor) beginAnew(ctx context.Context, replay *replays) error {
	before := s.published()
	if err := s.settle(ctx, replay); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.AWSEndpoint = before.AWSEndpoint
	s.account.DatabaseURL, s.account.DatabasePasswordFile = before.DatabaseURL, before.DatabasePasswordFile
	return nil
}

func (s *supervisor) published() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account == nil {
		return Account{}
	}
	return *s.account
}

// watchPostgres restarts the server when it ends by itself; it recovers from
// its log.
func (s *supervisor) watchPostgres(ctx context.Context) error {
	for range maxCrashes {
		s.mu.Lock()
		pg := s.postgres
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-pg.done:
		}
		s.opts.Logger.WarnContext(ctx, "postgres crashed", "error", pg.ended())
		again, err := startPostgres(ctx, s.opts, pg.port)
		if err != nil {
			return fmt.Errorf("restart Postgres: %w", err)
		}
		s.mu.Lock()
		s.postgres = again
		s.mu.Unlock()
		if again.port != pg.port {
			return fmt.Errorf("restart Postgres: its port %d was taken", pg.port)
		}
	}
	return fmt.Errorf("postgres crashed %d times", maxCrashes)
}
