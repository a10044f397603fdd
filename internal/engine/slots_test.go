package engine

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSlotsBoundRunsAndTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1)
		release, err := s.acquire(t.Context(), "first")
		require.NoError(t, err)
		var order []string
		wait := func(stack string) {
			go func() {
				release, err := s.acquire(context.Background(), stack)
				if err == nil {
					order = append(order, stack)
					release()
				}
			}()
			synctest.Wait()
		}
		wait("a")
		wait("a")
		wait("a")
		wait("b")
		require.Empty(t, order)
		release()
		synctest.Wait()
		require.Equal(t, []string{"a", "b", "a", "a"}, order)
	})
}

func TestSlotsRunOneOperationOfAStackAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(3)
		release, err := s.acquire(t.Context(), "a")
		require.NoError(t, err)
		second := false
		go func() {
			release, err := s.acquire(context.Background(), "a")
			if err == nil {
				second = true
				release()
			}
		}()
		synctest.Wait()
		require.False(t, second)
		release()
		release()
		synctest.Wait()
		require.True(t, second)
		require.Equal(t, 3, s.free, "a second release is none")
	})
}

func TestSlotsForgetWhoGaveUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newSlots(rapid.IntRange(1, 3).Draw(rt, "slots"))
		want := s.free
		var held []func()
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			stack := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "stack")
			ctx, cancel := context.WithCancel(context.Background())
			if s.free == 0 || s.busy[stack] {
				cancel() // it would wait
				_, err := s.acquire(ctx, stack)
				require.Error(rt, err)
			} else {
				release, err := s.acquire(ctx, stack)
				require.NoError(rt, err)
				held = append(held, release)
			}
			cancel()
			if len(held) > 0 && rapid.Bool().Draw(rt, "release") {
				held[0]()
				held = held[1:]
			}
		}
		for _, release := range held {
			release()
		}
		require.Equal(rt, want, s.free)
		require.Empty(rt, s.queue)
		require.Empty(rt, s.turns)
	})
}
