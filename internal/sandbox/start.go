package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// startTimeout is how long a sandbox may take to be ready.
const startTimeout = 3 * time.Minute

// Start finds the account that runs on the data directory, or starts its
// supervisor, detached from this process, and waits until it is ready. Two
// callers at once get the same account. The caller then holds it (Hold).
func Start(ctx context.Context, opts Options) (*Account, error) {
	opts, err := opts.prepared()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	lock := flock.New(opts.statePath("start.lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("start sandbox: another start is under way: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	if running, err := supervised(opts); err != nil {
		return nil, err
	} else if running {
		account, err := await(ctx, opts, nil)
		if !errors.Is(err, ErrGone) {
			return account, err
		}
	}
	ended, err := launch(opts)
	if err != nil {
		return nil, err
	}
	return await(ctx, opts, ended)
}

// supervised says whether a supervisor lives: it holds the data directory's
// lock, which the kernel takes back from the dead.
func supervised(opts Options) (bool, error) {
	lock := flock.New(opts.statePath("supervisor.lock"), flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("start sandbox: %w", err)
	}
	return !free, lock.Close()
}

// launch starts the supervisor in a session of its own, with an environment
// made from nothing and its log in the data directory.
func launch(opts Options) (<-chan error, error) {
	if err := opts.remember(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(opts.statePath("supervisor.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	defer func() { _ = log.Close() }()
	args := append([]string{"sandbox", "supervise", "--data-dir", opts.DataDir}, opts.Arguments...)
	cmd := exec.Command(opts.Executable, args...) //nolint:gosec,noctx // our own executable, meant to outlive us
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + opts.stateDir(), "LANG=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return ended, nil
}

// await polls the control socket until the account is ready or has failed. It
// returns ErrGone when the supervisor ends first: a killed one holds the data
// directory's lock for a moment after it stopped answering.
func await(ctx context.Context, opts Options, ended <-chan error) (*Account, error) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		s, err := askStatus(ctx, opts.DataDir)
		switch {
		case err == nil && s.State == "ready":
			return s.Account, nil
		case err == nil && s.State == "failed":
			return nil, errors.Join(fmt.Errorf("start sandbox: %s", s.Error), awaitExit(ctx, ended))
		case err != nil && !errors.Is(err, ErrNotRunning):
			return nil, fmt.Errorf("start sandbox: %w", err)
		case err != nil && ended == nil:
			if running, err := supervised(opts); err != nil {
				return nil, err
			} else if !running {
				return nil, ErrGone
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("start sandbox: wait until it is ready: %w", ctx.Err())
		case err := <-ended:
			return nil, fmt.Errorf("start sandbox: the supervisor ended: %w: %s", errors.Join(ErrGone, err), logTail(opts))
		case <-ticker.C:
		}
	}
}

// awaitExit waits for a supervisor that was started here; ended is nil for
// another's, which is not waited for.
func awaitExit(ctx context.Context, ended <-chan error) error {
	if ended == nil {
		return nil
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func logTail(opts Options) string {
	text, err := os.ReadFile(opts.statePath("supervisor.log"))
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-1500):])
}
