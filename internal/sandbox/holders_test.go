package sandbox

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheLastToLeaveStopsTheAccount(t *testing.T) {
	t.Parallel()
	h := holders{}
	stopped := false
	h.start(t.Context(), time.Hour, func(error) { stopped = true })
	mine, theirs := h.hold("1"), h.hold("2")
	defer mine()
	require.False(t, h.leave("1"))
	theirs()
	theirs()
	require.False(t, stopped)
	require.True(t, h.leave("1"))
	require.True(t, stopped)
	require.False(t, h.leave("2"), "the first one holds it")
}
