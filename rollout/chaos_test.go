package rollout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// The property: whatever dies, breaks or interferes at whatever point, no
// stack has two appliers, nothing is written twice or unjudged, every change
// set comes to one end, and money, stacks and revisions add up.

var (
	errDead   = errors.New("this worker is dead")
	errBroken = errors.New("machinery broke")
)

// mishap is what happens to a worker at its n-th call of anything.
type mishap struct {
	kind string // "", "dies before", "dies after", "breaks" or "refused"
	at   int
}

// life counts a worker's calls and lets the mishap happen.
type life struct {
	mishap

	mu    sync.Mutex
	calls int
	dead  bool
}

func (l *life) isDead() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.dead }

func (l *life) before(engine bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return errDead
	}
	l.calls++
	if l.calls != l.at {
		return nil
	}
	switch {
	case l.kind == "dies before":
		l.dead = true
		return errDead
	case l.kind == "breaks":
		return errBroken
	case l.kind == "refused" && engine:
		return aegis.ErrProvider
	default:
		return nil
	}
}

func (l *life) after() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kind == "dies after" && l.calls >= l.at {
		l.dead = true
	}
	if l.dead {
		return errDead
	}
	return nil
}

// mortal calls f as a worker that may die before or after it.
func mortal[T any](l *life, engine bool, f func() (T, error)) (T, error) {
	var none T
	if err := l.before(engine); err != nil {
		return none, err
	}
	out, err := f()
	if gone := l.after(); gone != nil {
		return none, gone
	}
	return out, err
}

type mortalStore struct {
	*memStore

	life *life
}

func (s mortalStore) do(f func() error) error {
	_, err := mortal(s.life, false, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

func (s mortalStore) Claim(ctx context.Context, id string, version int64, holder string, ttl time.Duration) (rollout.Claimed, error) {
	return mortal(s.life, false, func() (rollout.Claimed, error) { return s.memStore.Claim(ctx, id, version, holder, ttl) })
}

func (s mortalStore) Heartbeat(ctx context.Context, id, holder string, ttl time.Duration) (int64, error) {
	return mortal(s.life, false, func() (int64, error) { return s.memStore.Heartbeat(ctx, id, holder, ttl) })
}

func (s mortalStore) CommitStep(ctx context.Context, step rollout.Step) error {
	return s.do(func() error { return s.memStore.CommitStep(ctx, step) })
}

func (s mortalStore) Release(ctx context.Context, id, holder string) error {
	return s.do(func() error { return s.memStore.Release(ctx, id, holder) })
}

func (s mortalStore) Defer(ctx context.Context, id string, version int64, delay time.Duration) error {
	return s.do(func() error { return s.memStore.Defer(ctx, id, version, delay) })
}

func (s mortalStore) Stack(ctx context.Context, id string) (aegis.Stack, error) {
	return mortal(s.life, false, func() (aegis.Stack, error) { return s.memStore.Stack(ctx, id) })
}

func (s mortalStore) SpecRevision(ctx context.Context, id string, revision int64) (aegis.SpecRevision, error) {
	return mortal(s.life, false, func() (aegis.SpecRevision, error) { return s.memStore.SpecRevision(ctx, id, revision) })
}

type mortalEngine struct {
	*world

	life *life
}

func (e mortalEngine) Preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	return mortal(e.life, false, func() (aegis.Plan, error) { return e.world.Preview(ctx, run) })
}

func (e mortalEngine) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	return mortal(e.life, false, func() (aegis.Observation, error) { return e.world.Refresh(ctx, run) })
}

func (e mortalEngine) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	return mortal(e.life, true, func() (aegis.ApplyResult, error) { return e.world.Apply(ctx, run, digest) })
}

// chaos drives the pipeline with workers that each meet one mishap.
type chaos struct {
	*bench

	ids []string
}

// step runs one job by a worker of its own.
func (c *chaos) step(job memJob, m mishap) error {
	l := &life{mishap: m}
	config := c.config()
	config.Store, config.Engine = mortalStore{c.store, l}, mortalEngine{c.world, l}
	c.world.before = func(op, _ string) error {
		if op == "write" {
			return l.before(true)
		}
		return nil
	}
	return rollout.New(config).Step(context.Background(), job.id, job.version)
}

func TestChaos(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := &chaos{bench: newBench()}
		c.world.lease = func(id string) aegis.Lease {
			c.store.mu.Lock()
			defer c.store.mu.Unlock()
			if l := c.store.leases[id]; l != nil {
				return *l
			}
			return aegis.Lease{}
		}
		c.gate.result = allow(rapid.Bool().Draw(t, "canary"), rapid.SampledFrom([]int{0, 4}).Draw(t, "soak"))
		c.store.accounts["estate"] = &aegis.BudgetAccount{Scope: "estate", LimitUSD: 4}
		ends := map[string]aegis.AutonomousChangeSet{}
		c.start(t)
		for turn := 0; ; turn++ {
			require.Less(t, turn, 3000, "it does not come to an end")
			c.interfere(t, turn)
			job, ok := c.store.nextJob()
			if ok {
				m := mishap{}
				if turn < 60 {
					m = drawMishap(t)
				}
				_ = c.step(job, m) // the queue's affair; nothing may depend on it
			}
			c.ends(t, ends)
			if !ok {
				if len(c.store.open()) == 0 {
					break
				}
				c.store.advance(40 * time.Second)
			}
			_, err := c.door.Reap(context.Background())
			require.NoError(t, err)
		}
		require.Len(t, ends, len(c.ids), "none is lost")
		c.sound(t)
	})
}

func drawMishap(t *rapid.T) mishap {
	kind := rapid.SampledFrom([]string{"", "", "dies before", "dies after", "breaks", "refused"}).Draw(t, "mishap")
	return mishap{kind: kind, at: rapid.IntRange(1, 40).Draw(t, "at")}
}

// start proposes some change sets that may get in each other's way.
func (c *chaos) start(t *rapid.T) {
	for range rapid.IntRange(1, 3).Draw(t, "change sets") {
		ids := rapid.SampledFrom([][]string{{us}, {eu}, {us, eu}, {us, eu, ap}}).Draw(t, "stacks")
		merge := map[string]any{}
		for _, name := range []string{"a", "b", "c", "d"} {
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				merge["ssm_parameter-"+name] = fmt.Sprint(rapid.IntRange(2, 4).Draw(t, "value"))
			case 1:
				merge["ssm_parameter-"+name] = nil
			}
		}
		doc, err := json.Marshal(merge)
		require.NoError(t, err)
		cs, err := c.door.Propose(context.Background(), patch(string(doc), ids...))
		require.NoError(t, err)
		c.ids = append(c.ids, cs.ChangeSetID)
	}
}

// interfere cancels, or changes the cloud, behind the workers' back.
func (c *chaos) interfere(t *rapid.T, turn int) {
	if turn >= 60 {
		return
	}
	switch rapid.IntRange(0, 40).Draw(t, "interference") {
	case 0:
		err := c.door.Cancel(context.Background(), rapid.SampledFrom(c.ids).Draw(t, "cancelled"), "ann")
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrConflict)
		}
	case 1:
		c.world.set(rapid.SampledFrom([]string{us, eu, ap}).Draw(t, "rogue"), "ssm_parameter-e", fmt.Sprint(turn))
	}
}

// ends notes change sets that are done, and that they stay as they are.
func (c *chaos) ends(t require.TestingT, ends map[string]aegis.AutonomousChangeSet) {
	for _, id := range c.ids {
		cs, err := c.store.ChangeSet(context.Background(), id)
		require.NoError(t, err)
		if was, done := ends[id]; done {
			require.Equal(t, was, cs, "an end is final")
		} else if cs.Phase == aegis.PhaseDone {
			require.True(t, cs.PromotionState.Terminal())
			ends[id] = cs
		}
	}
}
