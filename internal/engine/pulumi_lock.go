package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/aegisworld/aegis"
)

// cancelLock removes a lock through the CLI.
func (p *pulumiEngine) cancelLock(ctx context.Context, run aegis.StackRun) (bool, error) {
	if run.FencingToken == 0 {
		return false, nil
	}
	s, err := p.openState(ctx, run)
	if err != nil {
		return false, err
	}
	defer s.close()
	if err := s.stack.Cancel(ctx); err != nil && !noStack(err) {
		return false, s.failure(fmt.Errorf("remove lock: %w", err), nil)
	}
	return false, nil
}

// openState opens a session for an operation on the state alone.
func (p *pulumiEngine) openState(ctx context.Context, run aegis.StackRun) (*session, error) {
	return p.open(ctx, run, nil)
}

func noStack(err error) bool { return err != nil && strings.Contains(err.Error(), "no stack named") }
