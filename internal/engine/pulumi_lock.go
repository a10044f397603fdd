package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

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

// unlockDead removes the locks of reads that were killed: they have no lease,
// and no repair would come. A lock whose owner may live stays, and the CLI says
// whose it is.
func (p *pulumiEngine) unlockDead(ctx context.Context, run aegis.StackRun) error {
	run.FencingToken = 0
	if _, err := p.unlock(ctx, run); err != nil && !errors.Is(err, aegis.ErrLeaseHeld) {
		return err
	}
	return nil
}

// openState opens a session for an operation on the state alone.
func (p *pulumiEngine) openState(ctx context.Context, run aegis.StackRun) (*session, error) {
	return p.open(ctx, run, nil)
}

// abandoned says that a lock's owner is a process of this machine that has
// ended. Anything unclear is a live owner.
func (p *pulumiEngine) abandoned(ctx context.Context, key string) bool {
	data, err := p.cfg.States.ReadState(ctx, key)
	if err != nil {
		return isNotFound(err) // it was removed meanwhile
	}
	var lock struct {
		PID      int    `json:"pid"`
		Hostname string `json:"hostname"`
	}
	here, err := os.Hostname()
	if err != nil || json.Unmarshal(data, &lock) != nil || lock.PID <= 0 || lock.Hostname != here {
		return false
	}
	return errors.Is(unix.Kill(lock.PID, 0), unix.ESRCH)
}

func noStack(err error) bool { return err != nil && strings.Contains(err.Error(), "no stack named") }
