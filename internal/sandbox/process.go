package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// child describes a process to run.
type child struct {
	name string
	path string
	args []string
	// env is the whole environment: children inherit nothing.
	env   []string
	stdin io.Reader
	// files become descriptors 3, 4, … of the child.
	files []*os.File
	// credential, when set, is who the child runs as.
	credential *syscall.Credential
	// deathSignal is what the child gets when this process dies.
	deathSignal syscall.Signal
}

// process is a running child. It dies with this process, however that ends:
// the kernel sends deathSignal when the thread that started the child ends, so
// that thread is kept until the child has ended.
type process struct {
	name string
	pid  int
	log  *tail
	// done is closed when the child has ended and was reaped; err is how.
	done chan struct{}
	err  error
	cmd  *exec.Cmd
}

// run starts the child.
func run(c child) (*process, error) {
	p := &process{name: c.name, log: &tail{limit: 16 << 10}, done: make(chan struct{})}
	p.cmd = exec.Command(c.path, c.args...) //nolint:gosec,noctx // paths are configuration; children outlive contexts and are stopped in order
	p.cmd.Env, p.cmd.Stdin, p.cmd.ExtraFiles = c.env, c.stdin, c.files
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Dir = "/"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: c.deathSignal, Credential: c.credential, Setpgid: true}
	// A child that leaves a grandchild with its output open must not hold us.
	p.cmd.WaitDelay = time.Second
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p.pid = p.cmd.Process.Pid
	return p, nil
}

// stop asks the child to end, and kills its process group when it has not
// after the grace.
func (p *process) stop(ask syscall.Signal, grace time.Duration) {
	_ = p.cmd.Process.Signal(ask)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return
	case <-timer.C:
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	<-p.done
}

// ended says how the child ended, with the last of what it said.
func (p *process) ended() error {
	cause := p.err
	if cause == nil {
		cause = errors.New("exit status 0")
	}
	return fmt.Errorf("%s ended: %w: %s", p.name, cause, p.log)
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int

	mu   sync.Mutex
	text []byte
}

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - t.limit; over > 0 {
		t.text = append([]byte{}, t.text[over:]...)
	}
	return len(b), nil
}

// String is the last kilobyte or so.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text[max(0, len(t.text)-1500):])
}
