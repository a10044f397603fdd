package engine

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aegisworld/aegis"
)

// providerPool keeps AWS plugin processes warm. A process belongs to one
// region and one set of credentials and serves one run at a time.
type providerPool struct {
	cfg  Config
	keys *credentialServer
	host *pluginHost

	mu     sync.Mutex
	idle   []*provider // the least recently used first
	closed bool
}

// provider is one running plugin.
type provider struct {
	scope string
	port  int
	key   credentialKey
	pid   int
	gone  chan struct{} // closed when the process has ended
	timer *time.Timer
	// reader is the connection that reads for looks, nil before the first.
	reader *pluginReader
}

func newProviderPool(cfg Config, keys *credentialServer) *providerPool {
	return &providerPool{cfg: cfg, keys: keys, host: &pluginHost{}}
}

// scope names the credentials that a run may use. Read-only runs of an
// environment's region share processes; a writing run shares with none but
// those of its change set on its stack, as credentials depend on the stack too.
func scope(run aegis.StackRun) string {
	if run.Policy == nil {
		return run.Stack.Environment + " " + run.Stack.Region
	}
	policy, _ := json.Marshal(run.Policy) //nolint:errchkjson // plain values
	sum := sha256.Sum256(policy)
	return fmt.Sprintf("%s %s %x", run.Stack.StackID, run.ChangeSetID, sum)
}

// checkout returns a process for the run's sole use; give it back with checkin.
func (p *providerPool) checkout(ctx context.Context, run aegis.StackRun) (*provider, error) {
	want := scope(run)
	p.mu.Lock()
	i := slices.IndexFunc(p.idle, func(pr *provider) bool { return pr.scope == want })
	if i < 0 {
		p.mu.Unlock()
		return p.start(ctx, run, want)
	}
	pr := p.idle[i]
	p.idle = slices.Delete(p.idle, i, i+1)
	p.mu.Unlock()
	pr.timer.Stop()
	if pr.alive() {
		return pr, nil
	}
	p.end(pr)
	return p.checkout(ctx, run)
}

// checkin keeps the process for the next run of its scope; one that served a
// failed run is ended, as nobody knows what it still does.
func (p *providerPool) checkin(pr *provider, healthy bool) {
	if !healthy || !pr.alive() {
		p.end(pr)
		return
	}
	pr.timer = time.AfterFunc(p.cfg.ProviderIdle, func() { p.drop(pr) })
	p.mu.Lock()
	p.idle = append(p.idle, pr)
	var oldest *provider
	if p.closed || len(p.idle) > p.cfg.MaxProviders {
		oldest, p.idle = p.idle[0], p.idle[1:]
	}
	p.mu.Unlock()
	if oldest != nil {
		oldest.timer.Stop()
		p.end(oldest)
	}
}

// drop ends pr if it is idle.
func (p *providerPool) drop(pr *provider) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, pr); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		go p.end(pr)
	}
}

// Close ends all idle processes, and the others when they are given back.
func (p *providerPool) Close() {
	p.mu.Lock()
	all := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, pr := range all {
		pr.timer.Stop()
		p.end(pr)
	}
	p.host.Close()
}

func (p *providerPool) end(pr *provider) {
	pr.dropReader()
	killGroup(pr.pid)
	<-pr.gone
	p.keys.revoke(pr.key)
}

func (pr *provider) alive() bool {
	select {
	case <-pr.gone:
		return false
	default:
		return true
	}
}

// start runs the plugin, which prints the port that it listens on.
func (p *providerPool) start(ctx context.Context, run aegis.StackRun, scope string) (*provider, error) {
	pr := &provider{scope: scope, key: p.keys.grant(run), gone: make(chan struct{})}
	cmd := exec.Command(p.cfg.AWSPlugin) //nolint:gosec,noctx // a configured plugin that outlives the run
	cmd.Dir = p.cfg.WorkDir
	cmd.Env = append(p.cfg.baseEnv(), p.cfg.awsEnv(run.Stack.Region, pr.key)...)
	cmd.Env = append(cmd.Env, p.cfg.pluginEnv()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stderr := &tail{limit: 4 << 10}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the AWS plugin: %w", err)
	}
	started, port := make(chan error, 1), make(chan int, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that forked ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(pr.gone)
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		readPort(out, port)
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		p.keys.revoke(pr.key)
		return nil, fmt.Errorf("start the AWS plugin: %w", err)
	}
	pr.pid = cmd.Process.Pid
	select {
	case n, ok := <-port:
		if ok {
			pr.port = n
			return pr, nil
		}
		err = errors.New("it ended without serving: " + stderr.String())
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.end(pr)
	return nil, fmt.Errorf("start the AWS plugin: %w", err)
}

// readPort sends the number on the first line and reads the rest to its end.
func readPort(r io.Reader, port chan<- int) {
	defer close(port)
	lines := bufio.NewReader(r)
	line, _ := lines.ReadString('\n')
	if n, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
		port <- n
	}
	_, _ = io.Copy(io.Discard, lines)
}

// tail keeps the last bytes written to it.
type tail struct {
	mu    sync.Mutex
	buf   []byte
	limit int
}

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - t.limit; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(b), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}
