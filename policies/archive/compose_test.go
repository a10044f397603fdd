package archive_test

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies/archive"
)

func running() archive.Files {
	return archive.Files{
		".manifest":              []byte(`{"revision":"r1","roots":["aegis"],"rego_version":1}`),
		".signatures.json":       []byte(`{}`),
		"aegis/gate/region.rego": []byte("package aegis.gate"),
		"data.json":              []byte(`{"aegis":{"settings":{"max":1000,"soak":{"default":5,"goal":9}}}}`),
	}
}

func TestComposeReplacesModulesByPathAndMergesData(t *testing.T) {
	t.Parallel()
	files, err := archive.Compose(running(), archive.Files{
		"aegis/gate/region.rego":       []byte("package aegis.gate\n\nmine := true"),
		"aegis/gate/pace.rego":         []byte("package aegis.gate"),
		"aegis/settings/soak/data.yml": []byte("default: 60"),
		"README.md":                    []byte("mine"),
		".signatures.json":             []byte(`{}`),
	})
	require.NoError(t, err)
	require.Equal(t, []string{".manifest", "README.md", "aegis/gate/pace.rego", "aegis/gate/region.rego", "data.json"}, files.Names())
	require.JSONEq(t, `{"aegis":{"settings":{"max":1000,"soak":{"default":60,"goal":9}}}}`, string(files["data.json"]))
	require.Contains(t, string(files["aegis/gate/region.rego"]), "mine")
	require.JSONEq(t, string(running()[".manifest"]), string(files[".manifest"]))
	b, err := files.Parse(ast.CapabilitiesForThisVersion(), nil)
	require.NoError(t, err)
	require.Len(t, b.Modules, 2)
	require.Equal(t, "aegis/gate/pace.rego", b.Modules[0].Path)
}

func TestComposeKeepsWhatWasNotAddedTo(t *testing.T) {
	t.Parallel()
	base := running()
	files, err := archive.Compose(base, nil)
	require.NoError(t, err)
	delete(base, ".signatures.json")
	require.Equal(t, base.Digest(), files.Digest())
	require.NotContains(t, running(), "pace.rego")
}

func TestComposeWidensTheRoots(t *testing.T) {
	t.Parallel()
	files, err := archive.Compose(running(), archive.Files{
		"x.rego": []byte("package acme.pace"), "y.rego": []byte("package acme_test"), "z.rego": []byte("no rego"),
		"limits/data.json": []byte(`{"most": 10}`), "aegis/settings/data.json": []byte(`{"more": {}}`),
	})
	require.NoError(t, err)
	m, err := files.Manifest()
	require.NoError(t, err)
	require.Equal(t, []string{"aegis", "limits", "acme", "acme_test"}, *m.Roots)
	require.Equal(t, "r1", m.Revision)
	require.Equal(t, 1, *m.RegoVersion)
}

func TestComposeRefusesDataThatIsNone(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"a/data.json": "{", "data.json": "[1]", "data.yaml": "a: [", "b/data.yml": "\x00"} {
		_, err := archive.Compose(running(), archive.Files{name: []byte(content)})
		require.ErrorContains(t, err, "read "+name)
	}
	broken := running()
	broken[".manifest"] = []byte(`{"roots":["a","a/b"]}`)
	_, err := archive.Compose(broken, archive.Files{"x.rego": []byte("package y")})
	require.ErrorContains(t, err, `roots "a" and "a/b" overlap`)
}

func TestParseHoldsTheManifest(t *testing.T) {
	t.Parallel()
	for manifest, says := range map[string]string{
		`{"roots":["aegis","aegis/gate"]}`:     "overlapped roots",
		`{"roots":["acme"]}`:                   "do not permit",
		`{"roots":["aegis"],"rego_version":7}`: "rego",
		`{`:                                    "manifest",
	} {
		files := running()
		files[".manifest"] = []byte(manifest)
		_, err := files.Parse(ast.CapabilitiesForThisVersion(), nil)
		require.ErrorContains(t, err, says, manifest)
	}
	files := running()
	files["aegis/gate/x_test.rego"] = []byte("package broken {")
	_, err := files.Parse(ast.CapabilitiesForThisVersion(), nil)
	require.ErrorContains(t, err, "aegis/gate/x_test.rego:1")
	_, err = files.Parse(ast.CapabilitiesForThisVersion(), archive.IsTest)
	require.NoError(t, err)
}
