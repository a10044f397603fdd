package mcptools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// process is a server's program, in a process group of its own.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	ended  chan struct{}
	once   sync.Once
}

// grace is how long a program may take to end when its input does, and again when it
// is told to.
const grace = time.Second

// startProcess starts a server's program with a minimal environment.
func startProcess(ctx context.Context, s Server, dir string) (*process, error) {
	env := []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	place := os.TempDir()
	if dir != "" {
		home, err := filepath.Abs(filepath.Join(dir, s.Name))
		if err != nil {
			return nil, fmt.Errorf("make a home: %w", err)
		}
		if err := os.MkdirAll(home, 0o700); err != nil {
			return nil, fmt.Errorf("make a home: %w", err)
		}
		place, env = home, append(env, "HOME="+home)
	}
	for name, file := range s.EnvFiles {
		value, err := secret(file)
		if err != nil {
			return nil, fmt.Errorf("env_files: %s: %w", name, err)
		}
		env = append(slices.DeleteFunc(env, func(pair string) bool { return len(pair) > len(name) && pair[:len(name)+1] == name+"=" }), name+"="+value)
	}
	p := &process{ended: make(chan struct{})}
	p.cmd = exec.Command(s.Command[0], s.Command[1:]...) //nolint:gosec,noctx // the operator's program, which Close ends
	p.cmd.Dir, p.cmd.Env = place, env
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Command[0], err)
	}
	context.AfterFunc(ctx, func() { _ = p.Close() })
	return p, nil
}

// start starts the program from a thread that stays: the kernel sends Pdeathsig when
// the thread that forked ends.
func (p *process) start() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_, _ = p.cmd.Process.Wait()
		p.kill(syscall.SIGKILL) // what it started, too
		close(p.ended)
	}()
	return <-started
}

func (p *process) kill(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// Read reads the program's output.
func (p *process) Read(b []byte) (int, error) { return p.stdout.Read(b) }

// Write writes the program's input.
func (p *process) Write(b []byte) (int, error) { return p.stdin.Write(b) }

// Close ends the program: its input first, then by SIGTERM, then by SIGKILL.
func (p *process) Close() error {
	p.once.Do(func() {
		_ = p.stdin.Close()
		for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			timer := time.NewTimer(grace)
			select {
			case <-p.ended:
			case <-timer.C:
				p.kill(s)
			}
			timer.Stop()
		}
		<-p.ended
		_ = p.stdout.Close()
	})
	return nil
}
