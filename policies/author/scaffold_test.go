package author_test

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/format"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

func TestNewBundlesAreSound(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]author.NewOptions{
		"a pack":        {Package: "acme", Code: "too_many"},
		"in the gate":   {Package: "aegis.gate", Code: "too_many"},
		"a whole":       {Package: "aegis.packs.acme", Code: "too_many", Base: base(t)},
		"of a bare one": {Package: "acme", Code: "too_many", Base: bundle("gate.rego", gate)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := author.New(o)
			require.NoError(t, err)
			require.Equal(t, o.Base != nil, made.Whole())
			files, faults := author.Check(made, base(t))
			require.Empty(t, texts(faults))
			options := author.TestOptions{Run: "acme|gate_test"}
			if !made.Whole() {
				options.Base = base(t)
			}
			report, err := author.Test(t.Context(), files, patient(options))
			require.NoError(t, err)
			require.GreaterOrEqual(t, report.Passed, 4)
			require.Zero(t, report.Failed+report.Errored, "%v", report.Tests)
			for _, path := range made.Names() {
				if archive.IsModule(path) {
					formatted, err := format.Source(path, made[path])
					require.NoError(t, err)
					require.Equal(t, string(formatted), string(made[path]), path)
				}
			}
		})
	}
	made, err := author.New(author.NewOptions{Package: "acme", Code: "too_many"})
	require.NoError(t, err)
	require.Equal(t, []string{"acme/too_many.rego", "acme/too_many_test.rego", "data.json"}, made.Names())
}

func TestNewRefusesNames(t *testing.T) {
	t.Parallel()
	for _, o := range []author.NewOptions{
		{Package: "acme.rules", Code: "x"},
		{Package: "aegis.packs.a.b", Code: "x"},
		{Package: "Acme", Code: "x"},
		{Code: "x"},
		{Package: "acme", Code: "a-b"},
		{Package: "acme", Code: "../x"},
		{Package: "acme"},
	} {
		_, err := author.New(o)
		require.ErrorIs(t, err, aegis.ErrInvalid, "%+v", o)
	}
}
