package bench

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPercentile(t *testing.T) {
	t.Parallel()

	t.Run("bounds at least its share of the samples", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.IntRange(0, 1000).Draw(t, "ms"))
			}), 1, 200).Draw(t, "samples")
			p := rapid.Float64Range(0.01, 1).Draw(t, "p")
			got, below := percentile(samples, p), 0
			for _, s := range samples {
				if s <= got {
					below++
				}
			}
			require.GreaterOrEqual(t, float64(below)+1e-4, p*float64(len(samples)))
			require.Contains(t, samples, got)
		})
	})

	t.Run("is zero without samples", func(t *testing.T) {
		t.Parallel()
		require.Zero(t, percentile(nil, 0.5))
	})
}

func TestReport(t *testing.T) {
	t.Parallel()

	t.Run("fails above a bound and names the figure", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		r := report{title: "engines"}
		r.add("preview ratio", 0.5, "×", 0.4)
		err := r.write(&out)
		require.ErrorIs(t, err, ErrBound)
		require.ErrorContains(t, err, "preview ratio")
		require.Contains(t, out.String(), "ABOVE")
	})

	t.Run("fails below a bound from below", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		r := report{title: "replay"}
		r.atLeast("decisions a second", 300, "", 400)
		require.ErrorIs(t, r.write(&out), ErrBound)
		require.Contains(t, out.String(), "BELOW")
		r.figures[0].value = 500
		require.NoError(t, r.write(&out))
	})

	t.Run("passes below all bounds", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		r := report{title: "engines"}
		r.duration("p95", 40*time.Millisecond, 50*time.Millisecond)
		r.add("memory", 300, "MiB", 0)
		require.NoError(t, r.write(&out))
		require.Contains(t, out.String(), "ok")
	})
}
