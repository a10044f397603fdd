package explain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/explain"
)

// text is a bundle of one rule, about one actor.
func text(actor string) archive.Files {
	return archive.Files{".manifest": []byte(fmt.Sprintf(`{"revision": %q, "roots": ["aegis"]}`, actor)), "gate.rego": []byte(`package aegis.gate

# METADATA
# title: Somebody has a rest
# custom:
#   code: rest
#   severity: high
#   remediation: Ask another one.
deny contains {"code": "rest", "msg": "not you", "address": "db"} if input.actor == "` + actor + `"

warn := set()

require := {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}

execution_policy := {}
`)}
}

func load(t *testing.T, files archive.Files) *policies.Gate {
	t.Helper()
	gate, err := policies.Load(t.Context(), files, policies.Options{})
	require.NoError(t, err)
	return gate
}

// kept are bundles by revision.
type kept map[string]archive.Files

func (k kept) PolicyDigest(_ context.Context, revision string) (string, error) {
	if _, ok := k[revision]; !ok {
		return "", aegis.ErrNotFound
	}
	return revision, nil
}

func (k kept) PolicyArchive(_ context.Context, digest string) ([]byte, error) {
	var out bytes.Buffer
	err := k[digest].Tar(&out)
	return out.Bytes(), err
}

func TestExplain(t *testing.T) {
	t.Parallel()
	ana, bob := load(t, text("ana")), load(t, text("bob"))
	explainer := explain.New(func() *policies.Gate { return bob }, kept{ana.Revision(): text("ana")}, policies.Options{})
	decided := func(revision, input string) aegis.Decision {
		return aegis.Decision{
			DecisionID: "dec-1", Path: "aegis/gate", BundleRevision: revision, Input: json.RawMessage(input), Outcome: aegis.OutcomeDenied,
			Result: aegis.GateResult{
				Deny: []aegis.RuleResult{{Code: "rest", Msg: "not you", Address: "db"}}, Warn: []aegis.RuleResult{{Code: "unknown"}},
			},
		}
	}

	t.Run("documents the rules that fired", func(t *testing.T) {
		t.Parallel()
		x, err := explainer.Explain(t.Context(), decided(ana.Revision(), `{"actor": "ana"}`), false)
		require.NoError(t, err)
		require.Nil(t, x.Trace)
		require.Equal(t, []aegis.FiredRule{
			{
				RuleResult: aegis.RuleResult{Code: "rest", Msg: "not you", Address: "db"}, Effect: "deny", Title: "Somebody has a rest",
				Severity: "high", Remediation: "Ask another one.",
			},
			{RuleResult: aegis.RuleResult{Code: "unknown"}, Effect: "warn"},
		}, x.Rules)
	})

	t.Run("traces the bundle of that time", func(t *testing.T) {
		t.Parallel()
		x, err := explainer.Explain(t.Context(), decided(ana.Revision(), `{"actor": "ana"}`), true)
		require.NoError(t, err)
		require.True(t, x.Trace.Exact, x.Trace.Notes)
		require.Equal(t, ana.Revision(), x.Trace.BundleRevision)
		require.Equal(t, aegis.OutcomeDenied, x.Trace.Outcome)
		require.Contains(t, strings.Join(x.Trace.Lines, "\n"), "data.aegis.gate.deny")
		require.False(t, x.Trace.Truncated)
	})

	t.Run("traces the running bundle when that one is gone", func(t *testing.T) {
		t.Parallel()
		x, err := explainer.Explain(t.Context(), decided("gone@1", `{"actor": "ana"}`), true)
		require.NoError(t, err)
		require.False(t, x.Trace.Exact)
		require.Equal(t, bob.Revision(), x.Trace.BundleRevision)
		require.Equal(t, aegis.OutcomeAllowed, x.Trace.Outcome)
		require.Contains(t, strings.Join(x.Trace.Notes, "\n"), `bundle "gone@1" is not kept`)
		require.Contains(t, strings.Join(x.Trace.Notes, "\n"), "what came out is allowed, not denied")
	})

	t.Run("says that a masked input is not exact", func(t *testing.T) {
		t.Parallel()
		d := decided(ana.Revision(), `{"actor": "ana"}`)
		d.Masked = []string{"/input/specs"}
		x, err := explainer.Explain(t.Context(), d, true)
		require.NoError(t, err)
		require.False(t, x.Trace.Exact)
		require.Contains(t, x.Trace.Notes[0], "masked")
		d.Masked, d.Erased = nil, []string{"/result/deny/0/msg"}
		x, err = explainer.Explain(t.Context(), d, true)
		require.NoError(t, err)
		require.True(t, x.Trace.Exact, "a masked result does not matter")
	})

	t.Run("needs an input that can be read", func(t *testing.T) {
		t.Parallel()
		_, err := explainer.Explain(t.Context(), decided(ana.Revision(), `null`), true)
		require.ErrorIs(t, err, aegis.ErrNotFound)
		_, err = explainer.Explain(t.Context(), decided(ana.Revision(), `{`), true)
		require.ErrorIs(t, err, aegis.ErrBadRecord)
	})

	t.Run("ends with its context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := explainer.Explain(ctx, decided("gone@1", `{}`), true)
		require.Error(t, err)
	})
}

func TestTraceIsBounded(t *testing.T) {
	t.Parallel()
	files := text("ana")
	files["more.rego"] = []byte(`package aegis.gate

deny contains {"code": "many", "msg": "x"} if {
	some i in numbers.range(1, 20000)
	seldom(i)
}

seldom(i) if i == 19999
`)
	gate := load(t, files)
	explainer := explain.New(func() *policies.Gate { return gate }, kept{}, policies.Options{})
	x, err := explainer.Explain(t.Context(), aegis.Decision{BundleRevision: gate.Revision(), Input: json.RawMessage(`{}`)}, true)
	require.NoError(t, err)
	require.True(t, x.Trace.Truncated)
	require.LessOrEqual(t, len(x.Trace.Lines), 4000)
	require.Equal(t, aegis.OutcomeDenied, x.Trace.Outcome, "the outcome is that of the whole evaluation")
}

func TestWithoutABundle(t *testing.T) {
	t.Parallel()
	explainer := explain.New(func() *policies.Gate { return nil }, kept{}, policies.Options{})
	d := aegis.Decision{BundleRevision: "gone@1", Input: json.RawMessage(`{}`), Result: aegis.GateResult{Deny: []aegis.RuleResult{{Code: "rest"}}}}
	x, err := explainer.Explain(t.Context(), d, false)
	require.NoError(t, err)
	require.Len(t, x.Rules, 1)
	_, err = explainer.Explain(t.Context(), d, true)
	require.ErrorIs(t, err, aegis.ErrUnavailable)
}
