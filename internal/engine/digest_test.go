package engine

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func changes() *rapid.Generator[[]aegis.ResourceChange] {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Float64Range(-1e6, 1e6), func(f float64) any { return f }),
		rapid.Map(rapid.MapOf(rapid.String(), rapid.Bool()), func(m map[string]bool) any { return m }),
	)
	change := rapid.Custom(func(t *rapid.T) aegis.ResourceChange {
		return aegis.ResourceChange{
			Address: rapid.StringMatching(`aws_[a-z]{1,8}::[a-z]{1,8}`).Draw(t, "address"),
			Action:  rapid.SampledFrom([]aegis.Action{aegis.ActionCreate, aegis.ActionUpdate, aegis.ActionDelete}).Draw(t, "action"),
			After:   rapid.MapOf(rapid.String(), value).Draw(t, "after"),
			Unknown: rapid.SliceOf(rapid.String()).Draw(t, "unknown"),
		}
	})
	return rapid.SliceOfNDistinct(change, 0, 8, func(c aegis.ResourceChange) string { return c.Address })
}

func TestDigestKnowsNoOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cs := changes().Draw(rt, "changes")
		spec := aegis.Spec{Layer: "data", Parameters: json.RawMessage(`{"a":1,"b":[2,3]}`)}
		want := digest(cs, spec, []byte("key"))
		mixed := slices.Clone(cs)
		rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for i := range mixed {
			mixed[i].Unknown = slices.Clone(mixed[i].Unknown)
			slices.Reverse(mixed[i].Unknown)
		}
		spec.Parameters = json.RawMessage(`{ "b": [2, 3], "a": 1 }`)
		require.Equal(rt, want, digest(mixed, spec, []byte("key")))
	})
}

func TestDigestTellsPlansApart(t *testing.T) {
	t.Parallel()
	spec := aegis.Spec{Parameters: json.RawMessage(`{"password":"one"}`)}
	cs := []aegis.ResourceChange{{Address: "aws_vpc::main", Action: aegis.ActionUpdate, After: map[string]any{"a": 1}}}
	base := digest(cs, spec, []byte("key"))
	require.Len(t, base, 64)
	other := slices.Clone(cs)
	other[0].Action = aegis.ActionReplace
	require.NotEqual(t, base, digest(other, spec, []byte("key")))
	require.NotEqual(t, base, digest(nil, spec, []byte("key")))
	require.NotEqual(t, base, digest(cs, spec, []byte("another")))
	require.NotEqual(t, base, digest(cs, aegis.Spec{Parameters: json.RawMessage(`{"password":"two"}`)}, []byte("key")))
	require.NotEqual(t, base, digest(cs, spec, []byte("key"), "secret"))
}
