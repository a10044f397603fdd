package author_test

import (
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies/author"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	d, err := author.Diff(base(t), base(t))
	require.NoError(t, err)
	require.True(t, d.Empty())

	before := composed(t, "acme.rego", sound, "data.json", `{"aegis": {"settings": {"acme": {"most": 1}, "max_changes": 7}}}`)
	stricter := composed(t, "acme.rego", sound[:len(sound)-2]+"2\n", "new.rego", freeze, "data.json", `{"aegis": {"settings": {"max_changes": 8}}}`)
	d, err = author.Diff(before, stricter)
	require.NoError(t, err)
	require.Equal(t, []author.RuleDifference{
		{Kind: author.Changed, Code: "acme", Effect: "deny", Package: "aegis.packs.acme", Title: "Title", What: []string{"condition"}},
		{Kind: author.Added, Code: "freeze", Effect: "deny", Package: "aegis.gate", Title: "Freeze"},
	}, d.Rules)
	require.Equal(t, []author.SettingDifference{
		{Kind: author.Removed, Path: "aegis/settings/acme/most", Before: json.Number("1")},
		{Kind: author.Changed, Path: "aegis/settings/max_changes", Before: json.Number("7"), After: json.Number("8")},
	}, d.Settings)
	require.Equal(t, []author.FileDifference{{Kind: author.Changed, File: "acme.rego"}, {Kind: author.Added, File: "new.rego"}}, d.Files)

	d, err = author.Diff(stricter, before)
	require.NoError(t, err)
	require.Equal(t, author.Removed, d.Rules[1].Kind)

	_, err = author.Diff(before, bundle("a.rego", "package x\n\nx if {"))
	require.ErrorContains(t, err, "rego_parse_error")
}

func TestQuery(t *testing.T) {
	t.Parallel()
	files := composed(t, "acme.rego", sound)
	results, err := author.Query(t.Context(), files, "x := count(data.aegis.packs.acme.deny)", json.RawMessage(`{"diff": [1, 2, 3, 4]}`))
	require.NoError(t, err)
	require.Equal(t, rego.Vars{"x": json.Number("1")}, results[0].Bindings)

	results, err = author.Query(t.Context(), files, "data.nothing", json.RawMessage(`{}`))
	require.NoError(t, err)
	require.Empty(t, results)

	for query, want := range map[string]string{"x :=": "read the query", `http.send({})`: "undefined function http.send", "json.unmarshal(\"{\")": "evaluate the query"} {
		_, err = author.Query(t.Context(), files, query, json.RawMessage(`{}`))
		require.ErrorContains(t, err, want)
	}
	_, err = author.Query(t.Context(), files, "true", json.RawMessage(`{`))
	require.ErrorContains(t, err, "read the input")
}
