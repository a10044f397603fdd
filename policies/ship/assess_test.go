package ship_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/ship"
)

const freeze = `package aegis.packs.acme

import data.aegis.lib

# METADATA
# title: Freeze
# description: Goals change nothing.
# custom:
#   code: acme_freeze
#   severity: high
#   remediation: Wait.
deny contains lib.finding("acme_freeze", "nothing changes", "") if input.source == "goal"
`

const freezeTest = `package aegis.packs.acme_test

import data.aegis.fixtures

test_goals_are_denied if "acme_freeze" in fixtures.denied(fixtures.given({}))
`

func TestAssess(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *ship.Config) {
		c.History = fakeHistory{decision(t, "d1", aegis.SourceGoal), decision(t, "d2", aegis.SourceRollback)}
	})
	digest := b.keep(t, "acme/freeze.rego", freeze, "acme/freeze_test.rego", freezeTest)
	got, err := b.Assess(t.Context(), digest, aegis.EmbeddedBundle)
	require.NoError(t, err)
	require.Equal(t, aegis.PolicyTests{Passed: 1, Coverage: 100}, got.Change.Tests)
	require.Equal(t, aegis.PolicyReplay{Evaluated: 2, NewlyDenied: 1}, got.Change.Simulation)
	require.Equal(t, digest, got.Change.Digest)
	require.Equal(t, aegis.EmbeddedBundle, got.Change.Base)
	require.Contains(t, got.Change.Packages, "aegis.packs.acme")
	require.Equal(t, []aegis.PolicyModule{
		{Path: "acme/freeze.rego", Action: aegis.ActionCreate}, {Path: "acme/freeze_test.rego", Action: aegis.ActionCreate},
	}, got.Change.Modules)
	require.Len(t, got.Diff, 2)
	require.Empty(t, b.failed)
}

func TestAssessOfTests(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	t.Run("counts those that fail or err, for the rules to judge", func(t *testing.T) {
		t.Parallel()
		digest := b.keep(t, "acme/freeze_test.rego", freezeTest, "acme/err_test.rego", "package acme_test\n\ntest_err if json.unmarshal(\"{\")\n\ntest_ok if true\n")
		got, err := b.Assess(t.Context(), digest, aegis.EmbeddedBundle)
		require.NoError(t, err)
		require.Equal(t, aegis.PolicyTests{Passed: 1, Failed: 2, Coverage: 100}, got.Change.Tests)
	})
	t.Run("takes a limit of the settings for none", func(t *testing.T) {
		t.Parallel()
		got, err := b.Assess(t.Context(), b.keep(t, "data.json", `{"aegis": {"settings": {"max_changes": 1}}}`), aegis.EmbeddedBundle)
		require.NoError(t, err)
		require.Zero(t, got.Change.Tests.Failed)
		require.Equal(t, []string{"data.json"}, []string{got.Diff[0].Address})
	})
	t.Run("refuses one that does not end", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(c *ship.Config) { c.TestTimeout = time.Second })
		loop := "package acme_test\n\ntest_loop if count([1 | some x in numbers.range(1, 100000); some y in numbers.range(1, 100000); x + y == 0]) == 1\n"
		_, err := b.Assess(t.Context(), b.keep(t, "acme/loop_test.rego", loop), aegis.EmbeddedBundle)
		require.Equal(t, "acme/loop_test.rego:3:1: acme_test.test_loop: it did not end in time", reasons(t, err))
	})
}

func TestAssessRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"Rego that does not parse":  {[]string{"a.rego", "package acme\n\nx if {\n"}, `^a\.rego:\d+:\d+: rego_parse_error: `},
		"Rego that does not fit":    {[]string{"a.rego", "package aegis.packs.acme\n\nx if input.dif\n"}, `^a\.rego:3:6: rego_type_error: undefined ref: input\.dif`},
		"built-ins that are impure": {[]string{"a.rego", "package acme\n\nx := http.send({})\n"}, `^a\.rego:3:6: impure_builtin: http\.send`},
		"unused variables":          {[]string{"a.rego", "package acme\n\nx if {\n\ty := 1\n}\n"}, `^a\.rego:4:2: rego_compile_error: assigned var y unused`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			_, err := b.Assess(t.Context(), b.keep(t, c.files...), aegis.EmbeddedBundle)
			require.Regexp(t, c.want, reasons(t, err))
			require.Equal(t, []string{"refused"}, b.failed)
		})
	}
	t.Run("a bundle that stands alone without a gate", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		digest := b.save(t, bundle(".manifest", `{"roots": ["acme"]}`, "a.rego", "package acme\n"))
		_, err := b.Assess(t.Context(), digest, aegis.EmbeddedBundle)
		require.Regexp(t, `^\.manifest:1:1: gate_missing: `, reasons(t, err))
	})
	t.Run("at most 20 faults are told", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		text := "package acme\n\n"
		for range 30 {
			text += "x if y\n\n"
		}
		_, err := b.Assess(t.Context(), b.keep(t, "a.rego", text), aegis.EmbeddedBundle)
		require.Len(t, strings.Split(reasons(t, err), "\n"), 20)
	})
}

func TestAssessOfSignatures(t *testing.T) {
	t.Parallel()
	private, public, err := archive.GenerateKey(archive.EdDSA)
	require.NoError(t, err)
	verification, err := archive.ParsePublicKey(public, "")
	require.NoError(t, err)
	signing, err := archive.ParseSigningKey(private, "ops", "")
	require.NoError(t, err)
	b := newBench(t, func(c *ship.Config) { c.Keys, c.RequireSignature = archive.Keys{"ops": verification}, true })

	_, err = b.Assess(t.Context(), b.keep(t, "acme/freeze.rego", freeze), aegis.EmbeddedBundle)
	require.Contains(t, reasons(t, err), "bundle is not signed")

	signed, err := archive.Sign(b.Embedded, signing)
	require.NoError(t, err)
	got, err := b.Assess(t.Context(), b.save(t, signed), aegis.EmbeddedBundle)
	require.NoError(t, err)
	require.Equal(t, "ops", got.Change.SignedBy)
	require.Empty(t, got.Diff, "a signature is no change")

	signed["data.json"] = []byte(`{}`)
	_, err = b.Assess(t.Context(), b.save(t, signed), aegis.EmbeddedBundle)
	require.Contains(t, reasons(t, err), "was changed after the bundle was signed")

	signing.ID = "eve"
	foreign, err := archive.Sign(b.Embedded, signing)
	require.NoError(t, err)
	_, err = b.Assess(t.Context(), b.save(t, foreign), aegis.EmbeddedBundle)
	require.Contains(t, reasons(t, err), `unknown key: "eve"; known are: ops`)

	_, err = b.Assess(t.Context(), aegis.EmbeddedBundle, aegis.EmbeddedBundle)
	require.NoError(t, err, "what is inside of the binary needs none")
}

func TestAssessOfReplay(t *testing.T) {
	t.Parallel()
	var past fakeHistory
	for range 50 {
		past = append(past, decision(t, "d", aegis.SourceGoal))
	}
	b := newBench(t, func(c *ship.Config) { c.History = past })
	mute := `package aegis.gate

deny contains {"code": "x", "msg": "x", "title": "no such field"} if input.source == "goal"
`
	got, err := b.Assess(t.Context(), b.keep(t, "acme/mute.rego", mute), aegis.EmbeddedBundle)
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.Change.Simulation.Errors, 5)
	require.Less(t, got.Change.Simulation.Evaluated, 50, "a few are enough")
	require.Contains(t, got.Change.Simulation.FirstError, "policy_error: decode policy answer")
}

func TestAssessOfMachinery(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, err := b.Assess(t.Context(), "unknown", aegis.EmbeddedBundle)
	require.ErrorIs(t, err, aegis.ErrNotFound)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Assess(ctx, b.keep(t, "acme/freeze.rego", freeze, "acme/freeze_test.rego", freezeTest), aegis.EmbeddedBundle)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, aegis.ErrInvalid, "it is no fault of the bundle")

	b.store.faults = aegis.PolicyFaults{Evaluated: 3}
	faults, err := b.Faults(t.Context(), "r", false, time.Time{})
	require.NoError(t, err)
	require.Equal(t, 3, faults.Evaluated)
}
