package ship_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/ship"
)

func gateOf(t *testing.T, files archive.Files) *policies.Gate {
	t.Helper()
	gate, err := policies.Load(t.Context(), files, policies.Options{})
	require.NoError(t, err)
	return gate
}

func TestLoaderKeepsInStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	var live policies.Live
	var loaded []string
	l := &ship.Loader{Shipper: b.Shipper, Live: &live, Loaded: func(revision string) { loaded = append(loaded, revision) }}
	gate, _ := l.Current()
	require.Nil(t, gate)

	require.NoError(t, l.Load(t.Context()))
	running, beside := live.Pin()
	require.Nil(t, beside)
	require.Equal(t, gateOf(t, b.Embedded).Revision(), running.Revision())

	frozen := b.keep(t, "acme/freeze.rego", freeze)
	b.store.run(aegis.RunningPolicy{Digest: aegis.EmbeddedBundle, Shadow: frozen, Generation: 2})
	require.NoError(t, l.Load(t.Context()))
	running, beside = live.Pin()
	require.NotNil(t, beside)
	require.Equal(t, loaded[0], running.Revision())

	b.store.run(aegis.RunningPolicy{Digest: frozen, Generation: 3})
	require.NoError(t, l.Load(t.Context()))
	now, none := live.Pin()
	require.Nil(t, none)
	require.Equal(t, beside.Revision(), now.Revision())
	require.Equal(t, []string{running.Revision(), now.Revision()}, loaded)
	_, files := l.Current()
	require.Contains(t, files, "acme/freeze.rego")
}

func TestLoaderKeepsTheLastGoodOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	var live policies.Live
	l := &ship.Loader{Shipper: b.Shipper, Live: &live}
	require.NoError(t, l.Load(t.Context()))
	before, _ := live.Pin()

	broken := b.keep(t, "a.rego", "package acme\n\nx if y\n")
	for i, next := range []aegis.RunningPolicy{
		{Digest: broken, Generation: 2},
		{Digest: "vanished", Generation: 3},
		{Digest: aegis.EmbeddedBundle, Shadow: broken, Generation: 4},
	} {
		b.store.run(next)
		require.Error(t, l.Load(t.Context()))
		now, beside := live.Pin()
		require.Same(t, before, now, "%d", i)
		require.Nil(t, beside)
	}
	require.Equal(t, []string{"load", "load"}, b.failed)

	b.store.run(aegis.RunningPolicy{Digest: aegis.EmbeddedBundle, Generation: 5})
	require.NoError(t, l.Load(t.Context()))
}

func TestLoaderFollows(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	frozen := b.keep(t, "acme/freeze.rego", freeze)
	synctest.Test(t, func(t *testing.T) {
		var live policies.Live
		news := make(chan int64)
		l := &ship.Loader{Shipper: b.Shipper, Live: &live, Watch: func(context.Context) (<-chan int64, error) { return news, nil }}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- l.Run(ctx) }()
		synctest.Wait()
		first, _ := live.Pin()
		b.store.run(aegis.RunningPolicy{Digest: frozen, Generation: 2})
		news <- 1
		synctest.Wait()
		unchanged, _ := live.Pin()
		require.Same(t, first, unchanged, "many events at once are one look")
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		now, _ := live.Pin()
		require.NotSame(t, first, now)
		b.store.run(aegis.RunningPolicy{Digest: aegis.EmbeddedBundle, Generation: 3})
		time.Sleep(6 * time.Second)
		synctest.Wait()
		again, _ := live.Pin()
		require.Equal(t, first.Revision(), again.Revision(), "it looks by itself where no event came")
		cancel()
		require.NoError(t, <-ended)
	})

	l := &ship.Loader{Shipper: b.Shipper, Watch: func(context.Context) (<-chan int64, error) { return nil, errGone }}
	require.ErrorIs(t, l.Run(t.Context()), errGone)
}
