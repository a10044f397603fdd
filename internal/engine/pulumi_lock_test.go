package engine

import (
	"math"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/require"
)

func TestEnded(t *testing.T) {
	t.Parallel()
	require.False(t, ended(os.Getpid(), time.Now()))
	require.False(t, ended(os.Getpid(), time.Time{}), "a lock that does not say when it was taken")
	require.True(t, ended(os.Getpid(), time.Now().AddDate(0, 0, -1)), "another process has the id now")
	require.True(t, ended(math.MaxInt32, time.Now()), "no process has that id")

	cmd := exec.CommandContext(t.Context(), "true")
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		proc, err := procfs.NewProc(cmd.Process.Pid)
		require.NoError(t, err)
		stat, err := proc.Stat()
		require.NoError(t, err)
		return stat.State == "Z"
	}, time.Minute, time.Millisecond)
	require.True(t, ended(cmd.Process.Pid, time.Now()), "nobody asked how it ended yet")
	require.NoError(t, cmd.Wait())
}
