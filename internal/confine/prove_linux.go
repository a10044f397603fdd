//go:build linux && (amd64 || arm64)

package confine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// prove runs children that try to get at what they must not; the error says which
// of them could, and what to do.
func prove(ctx context.Context, o Options) error {
	if o.Executable == "" {
		return errors.New("no executable is named to run as the child; name /proc/self/exe")
	}
	if err := proveLook(ctx, o); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	small := Limits{
		Wall: 20 * time.Second, CPU: time.Second, MemoryMiB: 128, Processes: 32,
		FileMiB: 2, ScratchMiB: 4, OpenFiles: 64,
	}
	for _, t := range []struct {
		task task
		// killed is that it must be killed; the others may be told no.
		killed bool
		fault  string
	}{
		{taskBurn, true, "processor time is not limited; it takes RLIMIT_CPU"},
		{taskShare, true, "memory is not limited; it takes /proc with the children of processes (CONFIG_PROC_CHILDREN)"},
		{taskGrow, false, "memory of a process is not limited; it takes RLIMIT_DATA"},
		{taskSpawn, false, "processes are not limited; it takes RLIMIT_NPROC"},
		{taskFill, false, "files are not limited; it takes RLIMIT_FSIZE and sizes of tmpfs"},
	} {
		group.Go(func() error {
			limits := small
			if t.task == taskShare {
				limits.CPU = 20 * time.Second
			}
			out, err := run(ctx, o, order{Task: t.task, Limits: limits})
			switch {
			case err != nil:
				return fmt.Errorf("proof %s: %w", t.task, err)
			case out.Killed == errWall.Error():
				return fmt.Errorf("proof %s: it did not end in %s; try again on a machine with less to do", t.task, limits.Wall)
			case strings.Contains(out.Stdout, escaped), t.killed && out.Killed == "":
				return fmt.Errorf("proof %s: %s", t.task, t.fault)
			}
			return nil
		})
	}
	group.Go(func() error { return proveStart(ctx, o) })
	return group.Wait()
}

// proveStart starts a real program.
func proveStart(ctx context.Context, o Options) error {
	out, err := run(ctx, o, order{Command: command{Argv: []string{"sh", "-c", "echo $HOME"}}, Limits: o.Limits})
	if err != nil {
		return fmt.Errorf("proof start: %w; programs in /usr and /bin are needed", err)
	}
	if out.Stdout != scratch+"\n" || out.ExitCode != 0 {
		return fmt.Errorf("proof start: a shell ended with %d %s %s; look at tools.command's limits", out.ExitCode, out.Killed, out.Stderr)
	}
	return nil
}

// proveLook looks from within and from outside.
func proveLook(ctx context.Context, o Options) error {
	hidden, remove, err := canary()
	if err != nil {
		return fmt.Errorf("proof look: %w", err)
	}
	defer remove()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("proof look: %w", err)
	}
	defer func() { _ = listener.Close() }()

	ctx, stop := context.WithTimeoutCause(ctx, 20*time.Second, errWall)
	defer stop()
	ctx, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	wait, release, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("proof look: %w", err)
	}
	defer func() { _, _ = wait.Close(), release.Close() }()
	ord := order{Task: taskLook, Limits: DefaultLimits(), Addresses: []string{listener.Addr().String()}, Hidden: append(hidden, o.Hidden...)}
	c, err := begin(ctx, o, ord, wait, kill)
	if err != nil {
		return err
	}
	fault := c.confined()
	if fault != nil {
		fault = fmt.Errorf("proof confine: %w; allow mounts and seccomp within user namespaces (a container's seccomp or AppArmor profile), "+
			"or leave tools.command off", fault)
	} else {
		fault = inspect(c.cmd.Process.Pid)
	}
	_ = release.Close()
	err = <-c.done
	switch {
	case fault != nil:
		return fault
	case c.stdout.kept.Len() > 0:
		return fmt.Errorf("proof look: %s", strings.ReplaceAll(strings.TrimSpace(c.stdout.String()), "\n", "; "))
	case err != nil:
		return fmt.Errorf("proof look: the child ended with %w: %s", err, c.stderr.String())
	}
	return nil
}

// canary makes a file that everybody may read, which the child must not see.
func canary() (files []string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "aegis-canary-*")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // so that only the confinement hides it
		remove()
		return nil, nil, err
	}
	name := filepath.Join(dir, "canary")
	if err := os.WriteFile(name, []byte("canary"), 0o644); err != nil { //nolint:gosec // as above
		remove()
		return nil, nil, err
	}
	return []string{name}, remove, nil
}

// inspect looks at a confined child from outside.
func inspect(pid int) error {
	dir := fmt.Sprintf("/proc/%d", pid)
	seen := map[string][]string{}
	for line := range strings.Lines(read(dir + "/status")) {
		key, value, _ := strings.Cut(line, ":")
		seen[key] = strings.Fields(value)
	}
	none := strings.Repeat("0", 16)
	for key, want := range map[string]string{
		"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none, "NoNewPrivs": "1", "Seccomp": "2",
	} {
		if len(seen[key]) != 1 || seen[key][0] != want {
			return fmt.Errorf("proof inspect: %s is %v, not %s; it takes a Linux with seccomp and capabilities", key, seen[key], want)
		}
	}
	for _, key := range []string{"Uid", "Gid"} {
		if len(seen[key]) != 4 {
			return fmt.Errorf("proof inspect: the child's %s can't be read; /proc must be mounted", key)
		}
		for _, id := range seen[key] {
			if id == "0" && key == "Uid" {
				return errors.New("proof inspect: the child is root on the host; run the control plane as another user")
			}
		}
	}
	return apart(dir)
}

// apart says which namespace a child shares with this process.
func apart(dir string) error {
	for _, space := range []string{"user", "pid", "net", "mnt", "ipc", "uts"} {
		own, err := os.Readlink("/proc/self/ns/" + space)
		if err != nil {
			return fmt.Errorf("proof inspect: %w", err)
		}
		other, err := os.Readlink(dir + "/ns/" + space)
		if err != nil {
			return fmt.Errorf("proof inspect: %w", err)
		}
		if own == other {
			return fmt.Errorf("proof inspect: the child shares the host's %s namespace", space)
		}
	}
	return nil
}
