package fence_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/agent/fence"
)

func TestBlockHoldsItsBody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.String().Draw(t, "body") + "\n"
		block := fence.Block("notes", "Notes", body)
		_, rest, ok := strings.Cut(block, "\n")
		require.True(t, ok)
		open, rest, ok := strings.Cut(rest, "\n")
		require.True(t, ok)
		closing := "</" + strings.TrimPrefix(open, "<") + "\n"
		require.Equal(t, body+closing, rest)
		require.NotContains(t, body, strings.Trim(open, "<>"))
		require.Equal(t, block, fence.Block("notes", "Notes", body))
	})
}

func TestBlockHoldsItself(t *testing.T) {
	t.Parallel()
	once := fence.Block("notes", "Notes", "x\n")
	twice := fence.Block("notes", "Notes", once)
	require.Equal(t, 1, strings.Count(twice, strings.Split(twice, "\n")[1]+"\n"))
}
