package policies_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

// pace denies by data that comes with it.
const pace = `package aegis.gate

deny contains {"code": "pace", "msg": "too fast"} if count(input.diff) > data.acme.most
`

// packed is a .tar.gz of names and contents.
func packed(tb testing.TB, files map[string]string, headers ...tar.Header) []byte {
	tb.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for name, text := range files {
		require.NoError(tb, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}))
		_, err := io.WriteString(archive, text)
		require.NoError(tb, err)
	}
	for _, h := range headers {
		require.NoError(tb, archive.WriteHeader(&h))
	}
	require.NoError(tb, archive.Close())
	require.NoError(tb, zip.Close())
	return out.Bytes()
}

func TestExtend(t *testing.T) {
	t.Parallel()

	t.Run("adds rules and data to the running bundle", func(t *testing.T) {
		t.Parallel()
		g, err := policies.Extend(t.Context(), policies.Options{}, map[string]string{"acme/pace.rego": pace, "acme/pace_test.rego": "no Rego"},
			map[string]any{"acme": map[string]any{"most": json.Number("0")}})
		require.NoError(t, err)
		require.Equal(t, []string{"pace"}, codes(g.Decide(t.Context(), scaling(4))))
	})

	t.Run("says where a module is at fault", func(t *testing.T) {
		t.Parallel()
		for name, source := range map[string]string{
			"that does not parse":   "package aegis.gate\n\ndeny contains {",
			"that does not compile": "package aegis.gate\n\ndeny contains x if y",
			"that asks the network": "package aegis.gate\n\ndeny contains x if x := http.send({})",
		} {
			_, err := policies.Extend(t.Context(), policies.Options{}, map[string]string{"acme/pace.rego": source}, nil)
			found, ok := errors.AsType[ast.Errors](err)
			require.True(t, ok, "%s: %v", name, err)
			require.Equal(t, "acme/pace.rego", found[0].Location.File, name)
			require.Equal(t, 3, found[0].Location.Row, name)
		}
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()

	t.Run("judges by the packed bundle alone", func(t *testing.T) {
		t.Parallel()
		g, err := policies.Replace(t.Context(), policies.Options{}, packed(t, map[string]string{
			"/.manifest": `{"revision":"own","roots":["aegis","acme"]}`, "/gate.rego": strings.ReplaceAll(pace, "data.acme.most", "-1"),
		}))
		require.NoError(t, err)
		require.Contains(t, g.Revision(), "own@")
		result, err := g.Replay(t.Context(), []byte(`{"diff":[]}`))
		require.NoError(t, err)
		require.Equal(t, []string{policies.CodeUndefined}, codes(result), "it leaves the rest of the answer undefined")
	})

	for name, tarball := range map[string][]byte{
		"what is no archive":      []byte("no archive"),
		"a way out":               packed(t, map[string]string{"../x.rego": pace}),
		"a link":                  packed(t, nil, tar.Header{Name: "x.rego", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
		"a bomb":                  packed(t, map[string]string{"data.json": strings.Repeat(" ", 65<<20)}),
		"rules beyond its roots":  packed(t, map[string]string{".manifest": `{"roots":["acme"]}`, "gate.rego": pace}),
		"a file that is too long": packed(t, map[string]string{"data.json": strings.Repeat(" ", 5<<20)}),
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := policies.Replace(t.Context(), policies.Options{}, tarball)
			require.Error(t, err)
		})
	}
}

func FuzzReplace(f *testing.F) {
	f.Add(packed(f, map[string]string{"/.manifest": `{"roots":["aegis"]}`, "/gate.rego": pace}))
	f.Add(packed(f, map[string]string{"/data.json": `{"a":1}`}))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, tarball []byte) {
		if g, err := policies.Replace(t.Context(), policies.Options{}, tarball); err == nil {
			require.NotEmpty(t, g.Revision())
		}
	})
}

func TestReplayIsTheDecision(t *testing.T) {
	t.Parallel()
	g, err := policies.NewGate(t.Context(), policies.Options{})
	require.NoError(t, err)
	in := scaling(4)
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
