//go:build linux && (amd64 || arm64)

package confine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a confined child that runs.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr *bounded
	// report gets why the child could not confine itself, and is closed when it has.
	report *os.File
	// kill ends it with a reason.
	kill context.CancelCauseFunc
	// done gets what Wait returns.
	done chan error
}

// Reasons why a command was killed.
var (
	errWall   = errors.New("wall_time")
	errMemory = errors.New("memory")
	errCPU    = errors.New("cpu_time")
	errOutput = errors.New("output")
)

// run carries an order out. The error is that of a child that could not be
// confined or started; what its command does is the outcome's.
func run(ctx context.Context, o Options, ord order) (outcome, error) {
	began := time.Now()
	ctx, stop := context.WithTimeoutCause(ctx, ord.Limits.Wall, errWall)
	defer stop()
	ctx, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	c, err := begin(ctx, o, ord, strings.NewReader(ord.Command.Stdin), kill)
	if err != nil {
		return outcome{}, err
	}
	if err := c.confined(); err != nil {
		return outcome{}, errors.Join(err, c.end())
	}
	go c.watch(ctx, ord.Limits)
	err = <-c.done
	out := outcome{DurationMS: time.Since(began).Milliseconds(), ExitCode: c.cmd.ProcessState.ExitCode()}
	out.Stdout, out.Stderr = c.stdout.String(), c.stderr.String()
	out.Truncated = c.stdout.more || c.stderr.more
	out.Killed = c.killed(ctx, ord.Limits, err)
	return out, nil
}

// killed says why the child was ended, "" when it ended by itself.
func (c *child) killed(ctx context.Context, l Limits, err error) string {
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || err == nil || !status.Signaled() {
		return ""
	}
	cause := context.Cause(ctx)
	spent := c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
	switch {
	case errors.Is(cause, errWall), errors.Is(cause, errMemory), errors.Is(cause, errCPU), errors.Is(cause, errOutput):
		return cause.Error()
	case cause != nil:
		return "cancelled"
	case status.Signal() == syscall.SIGKILL && spent >= l.CPU-l.CPU/8: // the kernel counts in ticks
		return errCPU.Error()
	default:
		return status.Signal().String()
	}
}

// begin starts a child. It is killed when ctx ends or this process does; with it
// die all processes of its namespace.
func begin(ctx context.Context, o Options, ord order, stdin io.Reader, kill context.CancelCauseFunc) (*child, error) {
	body, err := json.Marshal(ord)
	if err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	orders, ordersIn, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	report, reportIn, err := os.Pipe()
	if err != nil {
		_, _ = orders.Close(), ordersIn.Close()
		return nil, fmt.Errorf("start a child: %w", err)
	}
	c := &child{report: report, kill: kill, done: make(chan error, 1)}
	c.stdout, c.stderr = &bounded{over: kill}, &bounded{over: kill}
	c.cmd = exec.CommandContext(ctx, o.Executable, childArg) //nolint:gosec // this binary
	c.cmd.Env, c.cmd.Dir = environment(), "/"
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = stdin, c.stdout, c.stderr
	c.cmd.ExtraFiles = []*os.File{orders, reportIn}
	c.cmd.WaitDelay = 2 * time.Second
	c.cmd.SysProcAttr = attributes(os.Geteuid(), os.Getegid())

	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the kernel sends Pdeathsig when the thread that forked ends
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		_, _ = orders.Close(), reportIn.Close()
		started <- err
		if err == nil {
			c.done <- c.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		_, _ = ordersIn.Close(), report.Close()
		return nil, startError(err)
	}
	go func() {
		_, _ = ordersIn.Write(body)
		_ = ordersIn.Close()
	}()
	return c, nil
}

func startError(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("make namespaces: %w; allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "+
			"kernel.apparmor_restrict_unprivileged_userns; a container's seccomp profile), or leave tools.command off", err)
	}
	return fmt.Errorf("start a child: %w", err)
}

// attributes are namespaces of the child's own, and a user who is nobody within and
// is not root outside: nobody when this process is root, its user when it is not.
func attributes(uid, gid int) *syscall.SysProcAttr {
	root := uid == 0
	if root {
		uid, gid = nobody, nobody
	}
	return &syscall.SysProcAttr{
		Cloneflags: newSpaces,
		Setsid:     true,
		Pdeathsig:  syscall.SIGKILL,

		UidMappings:                []syscall.SysProcIDMap{{ContainerID: nobody, HostID: uid, Size: 1}},
		GidMappings:                []syscall.SysProcIDMap{{ContainerID: nobody, HostID: gid, Size: 1}},
		GidMappingsEnableSetgroups: root,
		Credential:                 &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: !root},

		// Until it gives them up, to mount and to clear the bounding set.
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP},
	}
}

// confined waits until the child is; the error says why it can't be.
func (c *child) confined() error {
	defer func() { _ = c.report.Close() }()
	fault, err := io.ReadAll(io.LimitReader(c.report, 4096))
	if err != nil {
		return fmt.Errorf("hear of the child: %w", err)
	}
	if len(fault) > 0 {
		return errors.New(string(fault))
	}
	return nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	kept bytes.Buffer
	sum  int
	more bool
	// over is called when far more was written than is kept.
	over context.CancelCauseFunc
}

// Write never fails, so that a command is not stopped by its output alone.
func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), maxOutput-b.kept.Len())
	_, _ = b.kept.Write(p[:keep])
	b.more = b.more || keep < len(p)
	b.sum += len(p)
	if b.sum > maxDiscard {
		b.over(errOutput)
	}
	return len(p), nil
}

// String is text, whatever was written.
func (b *bounded) String() string { return strings.ToValidUTF8(b.kept.String(), "\uFFFD") }

// end kills the child and waits for it.
func (c *child) end() error {
	c.kill(nil)
	var exit *exec.ExitError
	if err := <-c.done; err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
