package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

func hit(id string, age time.Duration, outcome aegis.MemoryOutcome) memory.Hit {
	return memory.Hit{MemoryID: id, CreatedAt: epoch().Add(-age), Outcome: outcome}
}

func epoch() time.Time { return time.Unix(1772366400, 0).UTC() }

func TestRanking(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	ok := aegis.MemorySucceeded
	for name, c := range map[string]struct {
		nearest, matching []memory.Hit
		want              []string
	}{
		"both lists beat one":    {[]memory.Hit{hit("a", 0, ok), hit("b", 0, ok)}, []memory.Hit{hit("b", 0, ok)}, []string{"b", "a"}},
		"rank counts":            {[]memory.Hit{hit("a", 0, ok), hit("b", 0, ok)}, nil, []string{"a", "b"}},
		"fresh beats old":        {[]memory.Hit{hit("a", 300*day, ok), hit("b", 0, ok)}, nil, []string{"b", "a"}},
		"success beats failure":  {[]memory.Hit{hit("a", 0, aegis.MemoryFailed), hit("b", 0, ok)}, nil, []string{"b", "a"}},
		"open is between":        {[]memory.Hit{hit("f", 0, aegis.MemoryFailed), hit("o", 0, ""), hit("s", 0, ok)}, nil, []string{"s", "o", "f"}},
		"ties go to the newest":  {[]memory.Hit{hit("a", time.Microsecond, ok)}, []memory.Hit{hit("b", 0, ok)}, []string{"b", "a"}},
		"then to the greater id": {[]memory.Hit{hit("a", 0, ok)}, []memory.Hit{hit("b", 0, ok)}, []string{"b", "a"}},
		"nothing":                {nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &fakeStore{found: memory.Found{Nearest: c.nearest, Matching: c.matching}}
			got, next, err := service(store).Search(t.Context(), memory.Query{AgentID: "planner", Text: "x"})
			require.NoError(t, err)
			require.Empty(t, next)
			require.Equal(t, c.want, idsOf(got))
			for _, m := range got {
				require.Greater(t, m.Score, 0.0)
				require.LessOrEqual(t, m.Score, 1.0)
			}
		})
	}
}

func TestTheBestScoreIsOne(t *testing.T) {
	t.Parallel()
	best := []memory.Hit{hit("a", 0, aegis.MemorySucceeded)}
	got, _, err := service(&fakeStore{found: memory.Found{Nearest: best, Matching: best}}).Search(t.Context(), memory.Query{AgentID: "p", Text: "x"})
	require.NoError(t, err)
	require.InDelta(t, 1, got[0].Score, 1e-9)
}
