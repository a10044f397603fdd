package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// exitOf takes hold of a process by its descriptor, which no later process of
// the same number can take over, and returns a function that waits for its end.
// This process itself is not waited for.
func exitOf(pid int) func(context.Context) error {
	if pid == os.Getpid() {
		return func(context.Context) error { return nil }
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return func(context.Context) error { return goneOr(err) }
	}
	return func(ctx context.Context) error {
		defer func() { _ = unix.Close(fd) }()
		return pollExit(ctx, fd)
	}
}

func goneOr(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return fmt.Errorf("open process: %w", err)
}

// exitPoll is how often a waiting looks at its context, in milliseconds.
const exitPoll = 50

func pollExit(ctx context.Context, fd int) error {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, exitPoll) //nolint:gosec // a descriptor is small
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait for process: %w", err)
		case n > 0:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}
