package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfplugin"
)

// tfReaders keeps providers of Terraform warm for looks. A process has one
// configuration and the credentials of one environment's region, which allow
// reads only; the looks of all workspaces that need the same share it.
type tfReaders struct {
	cfg   Config
	place tfPlace
	keys  *credentialServer

	starting sync.Mutex // held while a process is started

	mu      sync.Mutex
	readers map[[32]byte]*tfReader
	// schemas are by binary.
	schemas map[string]tfplugin.Schema
	closed  bool
}

// tfReader is one configured process.
type tfReader struct {
	provider *tfplugin.Provider
	key      credentialKey
	dir      *os.Root
	users    int
	last     time.Time // when it was given back
}

// tfReaderWanted says which provider a look needs.
type tfReaderWanted struct {
	run     aegis.StackRun
	binary  string
	version string // of Terraform
	// config makes the configuration.
	config func(tfplugin.Schema) ([]byte, error)
}

func newTFReaders(cfg Config, place tfPlace, keys *credentialServer) *tfReaders {
	return &tfReaders{
		cfg: cfg, place: place, keys: keys, readers: map[[32]byte]*tfReader{}, schemas: map[string]tfplugin.Schema{},
	}
}

// readOnly is a run that may read what all workspaces of its environment's
// region may read, and no state.
func readOnly(run aegis.StackRun) aegis.StackRun {
	stack := run.Stack
	stack.Source = nil
	return aegis.StackRun{Stack: stack}
}

// acquire returns a provider that may be shared; the caller must call release.
func (t *tfReaders) acquire(ctx context.Context, want tfReaderWanted) (*tfplugin.Provider, func(), error) {
	t.starting.Lock()
	defer t.starting.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var fresh *tfReader
	schema, err := t.schema(ctx, want, &fresh)
	if err != nil {
		t.end(fresh)
		return nil, nil, err
	}
	config, err := want.config(schema)
	if err != nil {
		t.end(fresh)
		return nil, nil, unproven("%s", err.Error())
	}
	sum := sha256.Sum256(append([]byte(want.binary+"\n"+scope(readOnly(want.run))+"\n"+want.version+"\n"), config...))
	if r := t.use(sum); r != nil {
		t.end(fresh)
		return r.provider, func() { t.release(r) }, nil
	}
	if fresh == nil {
		if fresh, err = t.start(want); err != nil {
			return nil, nil, err
		}
	}
	if err := fresh.provider.Configure(ctx, config, want.version); err != nil {
		t.end(fresh)
		return nil, nil, unproven("its provider can't be configured")
	}
	if !t.keep(sum, fresh) {
		t.end(fresh)
		return nil, nil, unproven("too many providers are in use")
	}
	return fresh.provider, func() { t.release(fresh) }, nil
}

// schema is that of a binary. The process that had to be started for it is
// fresh, to be configured or ended.
func (t *tfReaders) schema(ctx context.Context, want tfReaderWanted, fresh **tfReader) (tfplugin.Schema, error) {
	info, err := os.Stat(want.binary)
	if err != nil {
		return tfplugin.Schema{}, unproven("its provider is not installed")
	}
	name := fmt.Sprintf("%s %d %s", want.binary, info.Size(), info.ModTime())
	t.mu.Lock()
	known, ok := t.schemas[name]
	t.mu.Unlock()
	if ok {
		return known, nil
	}
	if *fresh, err = t.start(want); err != nil {
		return tfplugin.Schema{}, err
	}
	if known, err = (*fresh).provider.Schema(ctx); err != nil {
		return known, unproven("the schema of its provider can't be read")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.schemas[name] = known
	return known, nil
}

// use counts a user of the process that there is, if it lives.
func (t *tfReaders) use(sum [32]byte) *tfReader {
	t.mu.Lock()
	r := t.readers[sum]
	if r != nil && r.provider.Exited() {
		delete(t.readers, sum)
		defer t.end(r)
		r = nil
	}
	defer t.mu.Unlock()
	if r != nil {
		r.users++
	}
	return r
}

// keep adds a process with one user. False says that all others are in use and
// there is no room.
func (t *tfReaders) keep(sum [32]byte, r *tfReader) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	for len(t.readers) >= t.cfg.MaxProviders {
		if !t.dropIdle(func(*tfReader) bool { return true }) {
			return false
		}
	}
	r.users = 1
	t.readers[sum] = r
	return true
}

// dropIdle ends the longest unused process of those that no look uses and that
// match; false says that there is none. The lock is held.
func (t *tfReaders) dropIdle(match func(*tfReader) bool) bool {
	var oldest *tfReader
	var at [32]byte
	for sum, r := range t.readers {
		if r.users == 0 && match(r) && (oldest == nil || r.last.Before(oldest.last)) {
			oldest, at = r, sum
		}
	}
	if oldest == nil {
		return false
	}
	delete(t.readers, at)
	go t.end(oldest)
	return true
}

// release gives a process back; it ends when nobody wants it for long.
func (t *tfReaders) release(r *tfReader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.users--
	r.last = time.Now()
	if t.closed && r.users == 0 {
		t.dropIdle(func(other *tfReader) bool { return other == r })
		return
	}
	last := r.last
	time.AfterFunc(t.cfg.ProviderIdle, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.dropIdle(func(other *tfReader) bool { return other == r && r.last.Equal(last) })
	})
}

// Close ends all idle processes, and the others when they are given back.
func (t *tfReaders) Close() {
	t.mu.Lock()
	var idle []*tfReader
	for sum, r := range t.readers {
		if r.users == 0 {
			delete(t.readers, sum)
			idle = append(idle, r)
		}
	}
	t.closed = true
	t.mu.Unlock()
	for _, r := range idle {
		t.end(r)
	}
}

// start runs a provider as Terraform's user, in an environment built from
// nothing and a folder of its own.
func (t *tfReaders) start(want tfReaderWanted) (*tfReader, error) {
	r := &tfReader{}
	if err := t.folder(r); err != nil {
		t.end(r)
		return nil, fmt.Errorf("make the folder of a provider: %w", err)
	}
	run := readOnly(want.run)
	r.key = t.keys.grant(run)
	env := append([]string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + filepath.Join(r.dir.Name(), "home"), "TMPDIR=" + filepath.Join(r.dir.Name(), "tmp"),
		"LANG=C.UTF-8", "TZ=UTC",
	}, t.cfg.awsEnv(run.Stack.Region, r.key)...)
	var err error
	r.provider, err = tfplugin.Start(tfplugin.Command{
		Path: want.binary, Dir: filepath.Join(r.dir.Name(), "home"), Env: env, User: t.place.user,
	})
	if err != nil {
		t.end(r)
		return nil, unproven("its provider can't be started")
	}
	return r, nil
}

func (t *tfReaders) folder(r *tfReader) error {
	dir, err := os.MkdirTemp(t.place.runs(), "p-")
	if err != nil {
		return err
	}
	if r.dir, err = os.OpenRoot(dir); err != nil {
		return err
	}
	if err := r.dir.Chmod(".", 0o711); err != nil {
		return err
	}
	return errors.Join(t.place.folder(r.dir, "home"), t.place.folder(r.dir, "tmp"))
}

// end ends a process, if any, and what it has.
func (t *tfReaders) end(r *tfReader) {
	if r == nil {
		return
	}
	if r.provider != nil {
		r.provider.Close()
	}
	t.keys.revoke(r.key)
	if r.dir != nil {
		_ = os.RemoveAll(r.dir.Name())
		_ = r.dir.Close()
	}
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }
