package model_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/agent/model"
)

// FuzzExtract says that what is taken from an answer is JSON, or a fault.
func FuzzExtract(f *testing.F) {
	for _, seed := range []string{"", "{}", "```json\n[1]\n```", "x {\"a\": [", "[[[[", "\x00{", "``````", "{\"a\":1}{\"b\":2}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := model.Extract(text)
		if err != nil {
			require.Empty(t, value)
			return
		}
		require.True(t, json.Valid(value), "%q", value)
	})
}

func TestExtractFindsWhatIsWrapped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		inner, err := json.Marshal(rapid.MapOf(rapid.StringMatching(`[a-z]{1,5}`), rapid.Int()).Draw(rt, "value"))
		require.NoError(t, err)
		prose := rapid.StringMatching(`[A-Za-z ,.]{0,20}`)
		value, err := model.Extract(prose.Draw(rt, "before") + string(inner) + prose.Draw(rt, "after"))
		require.NoError(t, err)
		require.JSONEq(t, string(inner), string(value))
	})
}

// TestCacheStaysWithinBounds compares the cache with what was put last.
func TestCacheStaysWithinBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := model.NewCache(4, 20)
		last := map[byte]string{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			key := rapid.ByteRange(0, 8).Draw(rt, "key")
			if rapid.Bool().Draw(rt, "put") {
				last[key] = strings.Repeat("x", rapid.IntRange(0, 25).Draw(rt, "length"))
				c.Put(key, last[key])
			} else if text, ok := c.Get(key); ok {
				require.Equal(t, last[key], text)
			}
			entries, bytes := c.Size()
			require.LessOrEqual(t, entries, 4)
			require.LessOrEqual(t, bytes, 20)
		}
	})
}

func TestCharges(t *testing.T) {
	t.Parallel()
	limits := model.Limits{GoalMicros: 5, SubmitterMicros: 6, DayMicros: 7, MonthMicros: model.NoLimit}
	at := time.Date(2026, 11, 30, 23, 30, 0, 0, time.FixedZone("", -3600))
	require.Equal(t, []model.Charge{
		{Level: "day", Scope: "day:2026-12-01", LimitMicros: 7},
		{Level: "goal", Scope: "goal:g", LimitMicros: 3},
		{Level: "month", Scope: "month:2026-12", LimitMicros: model.NoLimit},
		{Level: "submitter", Scope: "submitter:ann:2026-12", LimitMicros: 6},
	}, limits.Charges(model.Account{Goal: "g", GoalLimitMicros: 3, Submitter: "ann"}, at))
	require.Len(t, limits.Charges(model.Account{}, at), 2)
	require.EqualValues(t, 5, limits.Charges(model.Account{Goal: "g", GoalLimitMicros: model.NoLimit}, at)[1].LimitMicros)
}
