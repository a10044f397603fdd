package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/prometheus/procfs"
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

// stateLock is what the CLI writes into a lock of a stack's state.
type stateLock struct {
	PID       int       `json:"pid"`
	Hostname  string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`
}

// abandoned says that a lock's owner is a process of this machine that has
// ended. Anything unclear is a live owner.
func (p *pulumiEngine) abandoned(ctx context.Context, key string) bool {
	data, err := p.cfg.States.ReadState(ctx, key)
	if err != nil {
		return isNotFound(err) // it was removed meanwhile
	}
	var lock stateLock
	here, err := os.Hostname()
	if err != nil || json.Unmarshal(data, &lock) != nil || lock.PID <= 0 || lock.Hostname != here {
		return false
	}
	return ended(lock.PID, lock.Timestamp)
}

// startSlack is how exactly the kernel tells when a process started.
const startSlack = 2 * time.Second

// ended says that the process that had the id at that time is no more: there is
// none, it was killed and waits for a parent that does not ask, or another one
// has its id now.
func ended(pid int, at time.Time) bool {
	if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return true
	}
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return false // not a Linux
	}
	stat, err := proc.Stat()
	if err != nil {
		return false
	}
	if stat.State == "Z" || stat.State == "X" {
		return true
	}
	started, err := stat.StartTime()
	return err == nil && !at.IsZero() && started > float64(at.Add(startSlack).Unix())
}

func noStack(err error) bool { return err != nil && strings.Contains(err.Error(), "no stack named") }
