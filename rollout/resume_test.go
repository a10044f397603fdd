package rollout_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func TestResume(t *testing.T) {
	t.Parallel()
	t.Run("a worker that dies anywhere is resumed, judged once and promoted", func(t *testing.T) {
		t.Parallel()
		for i, kind := range []string{"dies before", "dies after", "breaks"} {
			for at := 1 + i; at <= 48; at += 3 {
				c := &chaos{bench: newBench()}
				c.gate.result = allow(true, 2)
				id := c.propose(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-b":"3","ssm_parameter-c":"4"}`, us, eu))
				once, silence := mishap{kind, at}, 0
				for c.get(t, id).Phase != aegis.PhaseDone {
					job, ok := c.store.nextJob()
					if !ok {
						c.store.advance(13 * time.Second)
						n, err := c.door.Reap(t.Context())
						require.NoError(t, err)
						silence++
						require.True(t, n == 1 || silence < 2, "found within 26 s")
						continue
					}
					_ = c.step(job, once) // the queue's affair
					once = mishap{}
				}
				cs := c.get(t, id)
				require.Equal(t, aegis.StatePromoted, cs.PromotionState, "%s at %d: %s", kind, at, cs.Error)
				require.Len(t, c.store.decisions, 1)
				c.sound(t)
			}
		}
	})
	t.Run("dying halfway through an apply, too", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []string{"dies before", "dies after", "breaks"} {
			for at := 1; at <= 30; at++ {
				c := &chaos{bench: newBench()}
				id := c.propose(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-b":"3","ssm_parameter-c":"4"}`, us, eu))
				c.until(t, id, aegis.PhaseApply)
				job, ok := c.store.nextJob()
				require.True(t, ok)
				_ = c.step(job, mishap{kind, at}) // the queue's affair
				before := applied(c.get(t, id))
				c.world.before, c.world.applies = nil, nil
				c.drain(t)
				require.Equal(t, aegis.StatePromoted, c.get(t, id).PromotionState)
				require.Len(t, c.store.decisions, 1, "what is left was judged")
				for _, stack := range before {
					require.NotContains(t, c.world.applies, stack, "not applied again")
				}
				c.sound(t)
			}
		}
	})
	t.Run("what was not judged is not done on resuming", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		id := b.propose(t, patch(`{"ssm_parameter-a":"2","ssm_parameter-b":"3"}`, eu))
		b.until(t, id, aegis.PhaseApply)
		c := &chaos{bench: b}
		job, _ := b.store.nextJob()
		_ = c.step(job, mishap{"dies before", 8}) // the queue's affair
		b.world.before = nil
		require.Equal(t, "applying", b.get(t, id).Progress[0].Status)
		b.world.set(eu, "ssm_parameter-e", "rogue")
		b.drain(t)
		b.sound(t)
		cs := b.get(t, id)
		require.Equal(t, aegis.StateFailed, cs.PromotionState)
		require.Contains(t, cs.Error, "can't continue an interrupted apply")
		require.Contains(t, cs.Error, "delete of ssm_parameter-e was not judged")
		require.Equal(t, "rogue", b.world.get(eu)["ssm_parameter-e"])
	})
}

func applied(cs aegis.AutonomousChangeSet) (ids []string) {
	for _, p := range cs.Progress {
		if p.Status == "applied" {
			ids = append(ids, p.StackID)
		}
	}
	return ids
}

func TestMachineryErrorsAreBounded(t *testing.T) {
	t.Parallel()
	ends := map[string]aegis.PromotionState{"preview": aegis.StateFailed, "apply": aegis.StateFailed, "refresh": aegis.StateFailed}
	for op, end := range ends {
		t.Run("in "+op, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			calls := 0
			b.world.before = func(called, _ string) error {
				if called == op {
					calls++
					return errBroken
				}
				return nil
			}
			began := b.store.now()
			cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
			require.Equal(t, end, cs.PromotionState)
			require.Contains(t, cs.Error, "gave up after 6 attempts")
			require.LessOrEqual(t, calls, 12)
			require.Greater(t, b.store.now().Sub(began), 30*time.Second, "with pauses that grow")
		})
	}
}

func TestALockedStateIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"preview", "apply", "refresh"} {
		t.Run("in "+op, func(t *testing.T) {
			t.Parallel()
			b := newBench()
			calls := 0
			b.world.before = func(called, _ string) error {
				if called == op {
					if calls++; calls <= 20 { // more than machinery gets
						return fmt.Errorf("%w by ann@laptop", aegis.ErrStateLocked)
					}
				}
				return nil
			}
			cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
			require.Equal(t, aegis.StatePromoted, cs.PromotionState)
			require.Greater(t, calls, 20)
		})
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	// Each case stops a worker in the middle of an apply that would last for
	// an hour, and says what is left.
	cases := map[string]struct {
		stop  func(b *bench, id string, shutDown func())
		later func(t *testing.T, b *bench, id string)
	}{
		"a worker whose hold was taken stops and writes nothing": {
			stop: func(b *bench, id string, _ func()) {
				b.store.mu.Lock()
				defer b.store.mu.Unlock()
				b.store.rows[id].holder = "another"
			},
			later: func(t *testing.T, b *bench, id string) {
				t.Helper()
				require.Equal(t, "another", b.store.rows[id].holder)
				require.Equal(t, "applying", b.get(t, id).Progress[0].Status)
			},
		},
		"a worker whose change set was cancelled stops and makes room": {
			stop: func(b *bench, id string, _ func()) { _ = b.door.Cancel(context.Background(), id, "ann") },
			later: func(t *testing.T, b *bench, id string) {
				t.Helper()
				require.Empty(t, b.store.rows[id].holder)
				require.Equal(t, aegis.PhaseRollback, b.get(t, id).Phase)
			},
		},
		"a worker that is told to stop hands over at once": {
			stop: func(_ *bench, _ string, shutDown func()) { shutDown() },
			later: func(t *testing.T, b *bench, id string) {
				t.Helper()
				require.Empty(t, b.store.rows[id].holder)
				job, ok := b.store.nextJob()
				require.True(t, ok)
				require.Equal(t, b.get(t, id).Version, job.version)
			},
		},
		"a worker that can't prove its hold stops before it runs out": {
			stop: func(b *bench, _ string, _ func()) { b.silent.Store(true) },
			later: func(t *testing.T, b *bench, id string) {
				t.Helper()
				require.Equal(t, "applying", b.get(t, id).Progress[0].Status)
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				config := b.config()
				config.Store, config.Now = silentStore{b.store, &b.silent}, time.Now
				b.door = rollout.New(config)
				id := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
				b.until(t, id, aegis.PhaseApply)
				b.world.busy = time.Hour
				job, _ := b.store.nextJob()
				ctx, shutDown := context.WithCancel(t.Context())
				defer shutDown()
				stopped := make(chan time.Time)
				go func() { _ = b.door.Step(ctx, job.id, job.version); stopped <- time.Now() }()
				time.Sleep(10 * time.Second)
				c.stop(b, id, shutDown)
				began := time.Now()
				require.LessOrEqual(t, (<-stopped).Sub(began), 12*time.Second)
				c.later(t, b, id)
			})
		})
	}
}

// silentStore does not answer heartbeats while silent.
type silentStore struct {
	*memStore

	silent interface{ Load() bool }
}

func (s silentStore) Heartbeat(ctx context.Context, id, holder string, ttl time.Duration) (int64, error) {
	if s.silent.Load() {
		<-ctx.Done()
		return 0, fmt.Errorf("the store is gone: %w", ctx.Err())
	}
	return s.memStore.Heartbeat(ctx, id, holder, ttl)
}

func TestHeldChangeSetIsDeferred(t *testing.T) {
	t.Parallel()
	b := newBench()
	id := b.propose(t, patch(`{"ssm_parameter-a":"2"}`, eu))
	_, err := b.store.Claim(t.Context(), id, 1, "another", time.Minute)
	require.NoError(t, err)
	b.steps(t, 1)
	require.Len(t, b.store.jobs, 1)
	require.Equal(t, int64(1), b.get(t, id).Version)
}

func TestErrorsAreClipped(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.world.before = func(op, _ string) error {
		if op == "preview" {
			return fmt.Errorf("%w: %s", aegis.ErrInvalid, strings.Repeat("x", 10_000))
		}
		return nil
	}
	cs := b.run(t, patch(`{"ssm_parameter-a":"2"}`, eu))
	require.Equal(t, aegis.StateFailed, cs.PromotionState)
	require.Less(t, len(cs.Error), 2100)
}
