package app

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCollectorPercent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		live uint64
		want int
	}{
		"a small heap":          {20 << 20, 700},
		"half of the room":      {80 << 20, 100},
		"a large heap":          {1 << 30, 100},
		"a heap that is nearly": {0, 15900},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, collectorPercent(test.live))
		})
	}
}

func TestAfterCollections(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 100)
	afterCollections(func() {
		select {
		case called <- struct{}{}:
		default:
		}
	})
	for range 3 {
		runtime.GC()
		<-called
	}
	require.Positive(t, liveHeap())
}
