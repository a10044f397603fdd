package front

import (
	"context"
	"net/http"
	"sync"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// patch mends one action where the emulator is wrong or lacks what providers
// read. Each service has a file patch_SERVICE.go.
type patch struct {
	service, action string
	// ask is the call in the form that the emulator understands. That one is
	// journaled; records tell the call as it came.
	ask func(c wire.Call) wire.Call
	// answer mends the answer of a call that succeeded.
	answer func(ctx context.Context, f *Front, c wire.Call, body []byte) []byte
	// follow is a call to make after one that changed something succeeded, for
	// parameters that the emulator ignores. It is journaled by itself.
	follow func(c wire.Call) (wire.Call, bool)
	// serve takes the emulator's place, for an action that it lacks.
	serve func(ctx context.Context, f *Front, c wire.Call) (wire.Response, error)
	// act serves the action from the front's own stores: from the call and the
	// moment alone, so that replaying its journal makes the stores again.
	act act
	// look finds out what act must know of the emulators; then does in them what
	// comes of an act, once.
	look func(ctx context.Context, f *Front, c wire.Call) (facts, error)
	then func(ctx context.Context, f *Front, c wire.Call, known facts) error
	// internal marks an action that only the front itself calls.
	internal bool
	// note remembers what the emulator forgets. It is called again at replay.
	note func(n *notes, c wire.Call)
}

// act is what serves an action from the stores. An act that fails has changed
// nothing.
type act func(s *stores, m moment, c wire.Call) (any, error)

// acts are the patches of a service's actions that the stores serve.
func acts(service string, tables ...map[string]act) []patch {
	var all []patch
	for _, table := range tables {
		for action, do := range table {
			all = append(all, patch{service: service, action: action, act: do})
		}
	}
	return all
}

// patches is the table of all of them.
func patches() []patch {
	var all []patch
	for _, of := range [][]patch{
		analyzerPatches(), autoscalingPatches(), backupPatches(), cloudFrontPatches(), cloudTrailPatches(), configPatches(), dynamodbPatches(), elasticachePatches(),
		ec2Patches(), eksPatches(), iamPatches(), kinesisPatches(), kmsPatches(), openSearchPatches(), rdsPatches(), s3Patches(), s3ReplicationPatches(), secretPatches(), securityHubPatches(), sqsPatches(),
	} {
		all = append(all, of...)
	}
	return all
}

func (p patch) is(c wire.Call) bool { return p.service == c.Service && p.action == c.Action }

// native is the patch that serves the call in the emulator's place, if any.
func (f *Front) native(c wire.Call) (patch, bool) {
	for _, p := range f.patches {
		if p.is(c) && !p.internal && (p.serve != nil || p.act != nil) {
			return p, true
		}
	}
	return patch{}, false
}

// serveNative serves a call without the emulator and journals it.
func (f *Front) serveNative(ctx context.Context, home *region, c wire.Call, p patch) (wire.Response, error) {
	if p.act != nil {
		return f.act(ctx, c, p)
	}
	resp, err := p.serve(ctx, f, c)
	if err != nil || resp.Status >= http.StatusBadRequest || c.ReadOnly() || c.Transient() {
		return resp, err
	}
	e := newEntry(f.now(), 0, c, resp)
	e.Native = true
	home.mu.Lock()
	defer home.mu.Unlock()
	return resp, home.journal.append(e)
}

// asked applies the ask patches.
func (f *Front) asked(c wire.Call) wire.Call {
	for _, p := range f.patches {
		if p.is(c) && p.ask != nil {
			c = p.ask(c)
		}
	}
	return c
}

// mend applies the answer patches.
func (f *Front) mend(ctx context.Context, c wire.Call, resp wire.Response) wire.Response {
	if resp.Status >= http.StatusBadRequest {
		return resp
	}
	for _, p := range f.patches {
		if p.is(c) && p.answer != nil {
			resp.Body = p.answer(ctx, f, c, resp.Body)
		}
	}
	return resp
}

// followUp makes the calls that complete one that succeeded.
func (f *Front) followUp(ctx context.Context, c wire.Call) error {
	for _, p := range f.patches {
		if !p.is(c) || p.follow == nil {
			continue
		}
		next, needed := p.follow(c)
		if !needed {
			continue
		}
		if _, err := f.perform(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// notes are facts that the emulator forgets, by region and name.
type notes struct {
	mu    sync.RWMutex
	facts map[string]string
}

func newNotes() *notes { return &notes{facts: map[string]string{}} }

func (n *notes) get(region, name string) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.facts[region+" "+name]
}

// set keeps a fact; an empty one is removed.
func (n *notes) set(region, name, fact string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if fact == "" {
		delete(n.facts, region+" "+name)
		return
	}
	n.facts[region+" "+name] = fact
}

func (n *notes) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.facts)
}
