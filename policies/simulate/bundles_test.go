package simulate_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/simulate"
)

const deniesAll = `package aegis.gate

deny contains {"code": "frozen", "msg": data.acme.why}
`

func shipped(t *testing.T) simulate.Bundles {
	t.Helper()
	files, err := policies.Embedded()
	require.NoError(t, err)
	gate, err := policies.Load(t.Context(), files, policies.Options{})
	require.NoError(t, err)
	return simulate.Bundles{Current: func() (*policies.Gate, archive.Files) { return gate, files }}
}

func says(t *testing.T, j simulate.Judge) []string {
	t.Helper()
	document, err := json.Marshal(input("cs-1", resource("a.b.c", "aws_vpc")))
	require.NoError(t, err)
	result, err := j.Replay(t.Context(), document)
	require.NoError(t, err)
	var codes []string
	for _, r := range result.Deny {
		codes = append(codes, r.Code)
	}
	return codes
}

func TestBundles(t *testing.T) {
	t.Parallel()
	b := shipped(t)

	t.Run("add modules and data to the running bundle", func(t *testing.T) {
		t.Parallel()
		added, err := b.Added(t.Context(), map[string]string{"acme/freeze.rego": deniesAll}, map[string]any{"acme": map[string]any{"why": "audit"}})
		require.NoError(t, err)
		require.NotEqual(t, b.Running().Revision(), added.Revision())
		require.NotContains(t, says(t, b.Running()), "frozen")
	})

	t.Run("replace the running bundle", func(t *testing.T) {
		t.Parallel()
		var packed bytes.Buffer
		files := archive.Files{".manifest": []byte(`{"revision":"own","roots":["aegis"]}`), "gate.rego": []byte(deniesAll)}
		require.NoError(t, files.Tar(&packed))
		instead, err := b.Instead(t.Context(), packed.Bytes())
		require.NoError(t, err)
		require.Contains(t, instead.Revision(), "own")
		require.Equal(t, []string{policies.CodeUndefined}, says(t, instead), "it leaves the rest of the answer undefined")
	})

	t.Run("refuse what is no bundle", func(t *testing.T) {
		t.Parallel()
		_, err := b.Instead(t.Context(), []byte("no archive"))
		require.Error(t, err)
		_, err = b.Added(t.Context(), map[string]string{"a.rego": "package"}, nil)
		require.Error(t, err)
	})
}
