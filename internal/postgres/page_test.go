package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func TestCursorRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := cursor{
			at: time.UnixMicro(rapid.Int64Range(0, lastMicro).Draw(t, "at")),
			id: rapid.StringMatching(`[a-z0-9.-]{1,80}`).Draw(t, "id"),
		}
		back, err := parseCursor(c.String())
		require.NoError(t, err)
		require.Equal(t, c, back)
	})
}

func TestCursorOfAnyTextIsRefusedOrCanonical(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkCursor(t, rapid.String().Draw(t, "text")) })
}

func FuzzCursor(f *testing.F) {
	f.Add(cursor{at: time.UnixMicro(1), id: "goal-1"}.String())
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, s string) { checkCursor(t, s) })
}

type failer interface {
	Errorf(format string, args ...any)
	FailNow()
}

func checkCursor(t failer, s string) {
	c, err := parseCursor(s)
	if err == nil {
		require.Equal(t, s, c.String())
		return
	}
	invalid, ok := errors.AsType[*aegis.InvalidError](err)
	require.True(t, ok)
	require.Equal(t, "cursor", invalid.Faults[0].Field)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{0: 50, 1: 1, 500: 500, 501: 0, -1: 0} {
		k, err := newKeyset(aegis.Page{Limit: limit})
		if want == 0 {
			require.ErrorIs(t, err, aegis.ErrInvalid)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, k.limit)
	}
}
