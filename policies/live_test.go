package policies_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// load compiles a bundle of files under the default settings.
func load(t *testing.T, files archive.Files) *policies.Gate {
	t.Helper()
	gate, err := policies.Load(t.Context(), files, policies.Options{})
	require.NoError(t, err)
	return gate
}

// freeze denies everything, whatever it is.
const freeze = `package aegis.gate

deny contains {"code": "freeze", "msg": "everything is frozen"}

warn := set()

require := {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}

execution_policy := {}
`

func TestMeta(t *testing.T) {
	t.Parallel()
	gate := load(t, archive.Files{
		".manifest": []byte(`{"revision":"frozen","roots":["aegis"]}`), "freeze.rego": []byte(freeze),
	})
	require.Equal(t, []string{"aegis.gate"}, gate.Packages())
	change := aegis.GateInput{Diff: []aegis.ResourceChange{}, Inverse: []aegis.ResourceChange{}}
	require.Equal(t, "freeze", gate.Decide(t.Context(), change).Deny[0].Code)

	push := change
	push.Source, push.Actor = aegis.SourceOperator, "olga"
	push.ChangeSet.Target.Kind = aegis.TargetPolicyBundle
	push.Policy = &aegis.PolicyChange{SignedBy: "ops", Packages: []string{"aegis.gate"}, Tests: aegis.PolicyTests{Passed: 1, Coverage: 99}}
	result := gate.Decide(t.Context(), push)
	require.Empty(t, result.Deny, "a freeze does not keep its authors from lifting it: the embedded rules judge bundles")
	require.True(t, result.Require.Canary)
	push.Policy.Tests.Failed = 1
	require.Equal(t, "bundle_tests_failed", gate.Decide(t.Context(), push).Deny[0].Code)
}

func TestLive(t *testing.T) {
	t.Parallel()
	var live policies.Live
	running, beside := live.Pin()
	require.Nil(t, beside)
	result := running.Decide(t.Context(), aegis.GateInput{})
	require.Equal(t, policies.CodeMissing, result.Deny[0].Code, "without a bundle, everything is denied")
	record, err := running.Record(t.Context(), aegis.GateInput{Actor: "secret"}, result)
	require.NoError(t, err)
	require.Equal(t, "null", string(record.Input), "and no input is recorded, as there is no mask")

	one, two := load(t, archive.Files{"f.rego": []byte(freeze)}), load(t, archive.Files{"f.rego": []byte(freeze + "\n# two\n")})
	live.Swap(one)
	live.Shadow(two)
	running, beside = live.Pin()
	require.Same(t, one, running)
	require.Same(t, two, beside)
	live.Shadow(nil)
	_, beside = live.Pin()
	require.Nil(t, beside)
}
