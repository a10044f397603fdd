// Package e2e runs `aegis sandbox` as a child process, the way a user does,
// for the end-to-end tests and the benchmarks.
package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Ready is the object that the sandbox writes when it serves.
type Ready struct {
	URL                string   `json:"url"`
	Token              string   `json:"token"`
	DatabaseURL        string   `json:"database_url"`
	AWSEndpoint        string   `json:"aws_endpoint"`
	AWSAccessKeyID     string   `json:"aws_access_key_id"`
	AWSSecretAccessKey string   `json:"aws_secret_access_key"`
	Regions            []string `json:"regions"`
}

// Options say how to start a sandbox.
type Options struct {
	// Executable is the aegis binary.
	Executable string
	// DataDir is created when absent; the same one continues.
	DataDir string
	// Estate is "small" or "none".
	Estate string
	// Log receives the process's output; nil discards it.
	Log io.Writer
	// Args are added to the command line.
	Args []string
}

// Process is a running `aegis sandbox`.
type Process struct {
	Ready

	options Options
	cmd     *exec.Cmd
	done    chan struct{}
	err     error
}

// Start starts a sandbox and returns when it serves. It fails when the process
// ends or ctx is done before.
func Start(ctx context.Context, o Options) (*Process, error) {
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	readyFile := filepath.Join(o.DataDir, "ready.json")
	if err := os.Remove(readyFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove old ready file: %w", err)
	}
	args := append([]string{
		"sandbox", "--data-dir", o.DataDir, "--addr", "127.0.0.1:0",
		"--estate", o.Estate, "--ready-file", readyFile,
	}, o.Args...)
	p := &Process{options: o, done: make(chan struct{})}
	// The command outlives ctx on purpose: ctx bounds the start, Stop ends it.
	p.cmd = exec.Command(o.Executable, args...) //nolint:gosec,noctx // our own binary; see above
	p.cmd.Stdout, p.cmd.Stderr = o.Log, o.Log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Executable, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := p.awaitReady(ctx, readyFile); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

func (p *Process) awaitReady(ctx context.Context, file string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(file); err == nil && json.Unmarshal(b, &p.Ready) == nil { //nolint:gosec // our own file
			return nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			return fmt.Errorf("sandbox ended before it was ready: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("wait for the sandbox: %w", ctx.Err())
		}
	}
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// DataDir is the sandbox's data folder.
func (p *Process) DataDir() string { return p.options.DataDir }

// Kill ends the process as kill -9 does; the emulated account lives on.
func (p *Process) Kill() error {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
	return nil
}

// KillDatabase ends the control database's server as kill -9 does; the
// supervisor starts it again.
func (p *Process) KillDatabase() error {
	content, err := os.ReadFile(filepath.Join(p.options.DataDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("find the database's server: %w", err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || pid <= 1 {
		return fmt.Errorf("find the database's server: %q is no process id", first)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the database's server: %w", err)
	}
	return nil
}

// Stop interrupts the sandbox and waits until it has stopped everything.
func (p *Process) Stop(ctx context.Context) error {
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return errors.Join(ctx.Err(), p.Kill())
	}
}

// Restart starts a new process on the same data folder, after Kill or Stop.
func (p *Process) Restart(ctx context.Context) (*Process, error) { return Start(ctx, p.options) }
