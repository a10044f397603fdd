//go:build linux && (amd64 || arm64)

package confine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCommandsAreStoppedByTheClock(t *testing.T) {
	t.Parallel()
	l := DefaultLimits()
	l.Wall = time.Second
	out, err := run(t.Context(), Options{Executable: "/proc/self/exe"}, order{Command: command{Argv: []string{"sleep", "600"}}, Limits: l})
	if err != nil { // where nothing can be confined
		require.Regexp(t, "^(make namespaces|mount|keep mounts|enter|show|filter)", err.Error())
		return
	}
	require.Equal(t, "wall_time", out.Killed)
}
