package policies_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// pace denies by data that comes with it.
const pace = `package aegis.gate

deny contains {"code": "pace", "msg": "too fast"} if count(input.diff) > data.acme.most
`

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("judges by the embedded bundle as NewGate does", func(t *testing.T) {
		t.Parallel()
		files, err := policies.Options{}.Files()
		require.NoError(t, err)
		g, err := policies.Load(t.Context(), files, policies.Options{})
		require.NoError(t, err)
		want := newGate(t, policies.Options{}).Decide(t.Context(), scaling(4))
		got := g.Decide(t.Context(), scaling(4))
		got.BundleRevision = want.BundleRevision
		require.Equal(t, want, got)
	})

	t.Run("judges by added rules and data", func(t *testing.T) {
		t.Parallel()
		running, err := policies.Options{}.Files()
		require.NoError(t, err)
		files, err := archive.Compose(running, archive.Files{
			"acme/pace.rego": []byte(pace), "acme/pace_test.rego": []byte("no Rego"), "data.json": []byte(`{"acme":{"most":0}}`),
		})
		require.NoError(t, err)
		g, err := policies.Load(t.Context(), files, policies.Options{})
		require.NoError(t, err)
		require.Contains(t, codes(g.Decide(t.Context(), scaling(4))), "pace")
	})

	t.Run("says where a module is at fault", func(t *testing.T) {
		t.Parallel()
		for name, source := range map[string]string{
			"that does not parse":   "package aegis.gate\n\ndeny contains {",
			"that does not compile": "package aegis.gate\n\ndeny contains x if y",
			"that misspells input":  "# METADATA\n# schemas: [{input: schema.gate.input}]\npackage aegis.gate; deny contains x if x := input.dif",
			"that asks the network": "package aegis.gate\n\ndeny contains x if x := http.send({})",
		} {
			_, err := policies.Load(t.Context(), archive.Files{"acme/pace.rego": []byte(source)}, policies.Options{})
			found, ok := errors.AsType[ast.Errors](err)
			require.True(t, ok, "%s: %v", name, err)
			require.Equal(t, "acme/pace.rego", found[0].Location.File, name)
			require.Equal(t, 3, found[0].Location.Row, name)
		}
	})
}

func TestReplayIsTheDecision(t *testing.T) {
	t.Parallel()
	g, in := newGate(t, policies.Options{}), scaling(4)
	in.Diff[0].Region = "mars-1"
	document, err := json.Marshal(in)
	require.NoError(t, err)
	replayed, err := g.Replay(t.Context(), document)
	require.NoError(t, err)
	require.Equal(t, g.Decide(t.Context(), in), replayed)
	require.NotEmpty(t, replayed.Deny)

	_, err = g.Replay(t.Context(), []byte(`{"diff":`))
	require.ErrorIs(t, err, aegis.ErrBadRecord)
}
