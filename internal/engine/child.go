package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// child is one process to run to its end: in a process group of its own, with
// exactly the given environment, killed when this process dies.
type child struct {
	path   string
	args   []string
	dir    string
	env    []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// grace is the time from the interrupt at the end of the context to the kill.
	grace time.Duration
	// user is whom the process runs as; nil is this process's user.
	user *syscall.Credential
	// leash, when set, is its file descriptor 3.
	leash *os.File
}

// run returns the exit code, -1 when there is none.
func (c child) run(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	cmd := exec.CommandContext(ctx, c.path, c.args...) //nolint:gosec // a configured engine
	cmd.Dir, cmd.Env = c.dir, c.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: c.user}
	if c.leash != nil {
		cmd.ExtraFiles = []*os.File{c.leash}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = c.grace

	done := make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that forked ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Run()
		if cmd.Process != nil {
			killGroup(cmd.Process.Pid)
		}
		done <- err
	}()
	err := <-done
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitCode(), err
	default:
		return -1, fmt.Errorf("run %s: %w", c.path, err)
	}
}

// killGroup ends what is left of a child's process group.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
