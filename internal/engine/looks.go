package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aegisworld/aegis"
)

// LookPath is how a look at a stack got its answer.
type LookPath string

const (
	// LookWarm is a look that read the resources through a warm provider and
	// proved the stack clean, or met throttling, without a run of the engine.
	LookWarm LookPath = "warm"
	// LookEngine is a look by a run of the engine.
	LookEngine LookPath = "engine"
)

// readsAtOnce bounds the reads of one look that are under way at one time.
const readsAtOnce = 8

// readPatience bounds one read, which a provider may repeat for minutes.
const readPatience = time.Minute

// unprovenError says why a stack was not proven clean without its engine. It
// names resources and attributes, never values.
type unprovenError struct{ reason string }

// Error is the reason.
func (u unprovenError) Error() string { return u.reason }

func unproven(format string, args ...any) error {
	return unprovenError{reason: fmt.Sprintf(format, args...)}
}

// glance answers a look from provider reads alone when they prove the stack
// clean, and by the engine whenever they do not: what is reported has one
// source. Throttling is passed on, as a run of the engine would add to it.
func (c Config) glance(
	ctx context.Context, run aegis.StackRun, prove, look func(context.Context, aegis.StackRun) (aegis.Observation, error),
) (aegis.Observation, error) {
	seen, err := prove(ctx, run)
	switch {
	case err == nil, errors.Is(err, aegis.ErrUnavailable):
		c.looked(run, LookWarm)
		return seen, err
	case ctx.Err() != nil:
		return seen, ctx.Err()
	}
	reason := "not readable" // what it says may hold anything
	if why, ok := errors.AsType[unprovenError](err); ok {
		reason = why.reason
	}
	c.Logger.DebugContext(ctx, "look by the engine", "stack_id", run.Stack.StackID, "reason", reason)
	c.looked(run, LookEngine)
	return look(ctx, run)
}

func (c Config) looked(run aegis.StackRun, path LookPath) {
	if c.Looked != nil {
		c.Looked(run, path)
	}
}

// throttled returns aegis.ErrUnavailable when a provider's message says that AWS
// refused for load.
func throttled(address, msg string) error {
	for _, code := range awsCodes(msg) {
		if throttling(code) {
			return fmt.Errorf("%w: reading %s: api error %s", aegis.ErrUnavailable, address, code)
		}
	}
	return nil
}
