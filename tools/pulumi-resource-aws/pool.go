package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
	"google.golang.org/protobuf/proto"
)

// maxIdle is how many configured processes are kept for later engines; each
// takes about 400 MB.
const maxIdle = 3

// pool runs provider processes. A process can hold one configuration only, so
// there is one for each that is in use, shared by all who ask for the same.
type pool struct {
	binary string

	mu sync.Mutex
	// spare is a process without configuration, begun early.
	spare *future
	// configured holds the processes by the hash of their configuration.
	configured map[[32]byte]*lease
	// order lists the keys of configured, the longest unused first.
	order [][32]byte
}

// future is a process that is being started.
type future struct {
	done    chan struct{}
	process *process
	err     error
}

func (f *future) wait() (*process, error) {
	<-f.done
	return f.process, f.err
}

// lease is a configured process and the number of instances that use it.
type lease struct {
	key         [32]byte
	users       int
	ready       chan struct{}
	process     *process
	diagnostics []*tfplugin5.Diagnostic
	err         error
}

func newPool(binary string) *pool {
	return &pool{binary: binary, configured: map[[32]byte]*lease{}}
}

// warm begins to start a process, to be ready when the first call comes.
func (p *pool) warm() { p.unconfigured() }

// any returns a process for calls that need no configuration.
func (p *pool) any() (*process, error) { return p.unconfigured().wait() }

func (p *pool) unconfigured() *future {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spare != nil && p.spare.usable() {
		return p.spare
	}
	p.spare = p.start()
	return p.spare
}

func (p *pool) start() *future {
	f := &future{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.process, f.err = startProcess(p.binary)
	}()
	return f
}

// usable says that the process runs, or may still come to.
func (f *future) usable() bool {
	select {
	case <-f.done:
		return f.err == nil && !f.process.exited()
	default:
		return true
	}
}

// acquire returns a process with the configuration; release gives it back.
// A configuration that the provider refuses is reported by diagnostics and
// not kept.
func (p *pool) acquire(ctx context.Context, request *tfplugin5.Configure_Request) (*lease, error) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	l, mine := p.reserve(sha256.Sum256(encoded))
	if mine {
		p.configure(ctx, l, request)
	}
	<-l.ready
	if l.err != nil {
		p.release(l)
		return nil, l.err
	}
	return l, nil
}

// reserve finds the lease of a key, or makes one for the caller to configure.
func (p *pool) reserve(key [32]byte) (found *lease, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := p.configured[key]; ok && l.usable() {
		l.users++
		return l, false
	}
	l := &lease{key: key, users: 1, ready: make(chan struct{})}
	p.configured[key] = l
	return l, true
}

func (l *lease) usable() bool {
	select {
	case <-l.ready:
		return l.err == nil && !l.refused() && !l.process.exited()
	default:
		return true
	}
}

func (l *lease) refused() bool {
	for _, d := range l.diagnostics {
		if d.GetSeverity() == tfplugin5.Diagnostic_ERROR {
			return true
		}
	}
	return false
}

func (p *pool) configure(ctx context.Context, l *lease, request *tfplugin5.Configure_Request) {
	defer close(l.ready)
	if l.process, l.err = p.take().wait(); l.err != nil {
		return
	}
	response, err := l.process.rpc.Configure(context.WithoutCancel(ctx), request)
	if err != nil {
		l.err = fmt.Errorf("configure provider: %w", err)
		return
	}
	l.diagnostics = response.GetDiagnostics()
}

// take removes the spare from the pool, or starts a process.
func (p *pool) take() *future {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.spare
	p.spare = nil
	if taken == nil || !taken.usable() {
		taken = p.start()
	}
	return taken
}

// release gives a process back and ends those that are too many.
func (p *pool) release(l *lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.users--
	if l.users > 0 {
		return
	}
	if !l.usable() || p.configured[l.key] != l {
		p.drop(l)
		return
	}
	p.idle(l)
}

func (p *pool) drop(l *lease) {
	if p.configured[l.key] == l {
		delete(p.configured, l.key)
	}
	if l.process != nil {
		l.process.kill()
	}
}

// idle moves a lease to the end of the order and drops the longest unused
// ones beyond maxIdle.
func (p *pool) idle(l *lease) {
	kept := [][32]byte{}
	for _, key := range p.order {
		if other := p.configured[key]; other != nil && other != l && other.users == 0 {
			kept = append(kept, key)
		}
	}
	p.order = append(kept, l.key)
	for len(p.order) > maxIdle {
		p.drop(p.configured[p.order[0]])
		p.order = p.order[1:]
	}
}

// close ends all processes.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.configured {
		<-l.ready
		p.drop(l)
	}
	if p.spare != nil {
		if started, err := p.spare.wait(); err == nil {
			started.kill()
		}
	}
}
