package toolchain

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	find := func(f *fakeMachine) Item { return redisServer().look(t.Context(), f.machine, &Tools{}) }

	t.Run("takes the one on PATH when it is new enough", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		require.False(t, find(f).OK)
		f.program(t, redisName, "echo 'Redis server v=5.0.7 sha=00000000:0'")
		require.False(t, find(f).OK)
		f.program(t, redisName, "echo 'Redis server v=7.0.15 sha=00000000:0'")
		require.True(t, find(f).OK)
		require.Equal(t, "7.0.15", find(f).Version)
	})

	t.Run("is installed where this user may", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		f.superuser = true
		log := filepath.Join(f.filesystem, "apt.log")
		require.NoError(t, os.MkdirAll(f.filesystem, 0o755))
		f.program(t, "apt-get", `echo "$@" >>`+log)
		var told bytes.Buffer
		require.NoError(t, getRedis(t.Context(), f.machine, nil, func(format string, _ ...any) { told.WriteString(format) }))
		ran, err := os.ReadFile(log)
		require.NoError(t, err)
		require.Equal(t, "update -q\ninstall -q -y --no-install-recommends redis-server\n", string(ran))
	})

	t.Run("is not demanded", func(t *testing.T) {
		t.Parallel()
		f := equipped(t)
		require.ErrorContains(t, getRedis(t.Context(), f.machine, nil, func(string, ...any) {}), "install Redis: neither root")
		require.NoError(t, f.setup(t.Context(), &bytes.Buffer{}))
	})
}
