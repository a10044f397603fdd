package policies_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

func TestRecordMasksSecrets(t *testing.T) {
	t.Parallel()
	in := scaling(1)
	in.Specs = map[string]aegis.Spec{"dev.data.eu-west-1": {Parameters: []byte(`{"settings": {"db_password": "hunter2", "log_level": "info"}}`)}}
	in.Diff[0].Type, in.Diff[0].After = "aws_ssm_parameter", map[string]any{"name": "/aegis/dev/api-key", "value": "hunter2"}
	record, err := newGate(t, policies.Options{}).Record(t.Context(), in, aegis.GateResult{})
	require.NoError(t, err)
	require.NotContains(t, string(record.Input), "hunter2")
	require.Contains(t, string(record.Input), `"log_level":"info"`)
	require.Contains(t, string(record.Input), `"db_password":"[secret]"`)
	require.ElementsMatch(t, []string{
		"/input/specs/dev.data.eu-west-1/parameters/settings/db_password", "/input/diff/0/after/value",
	}, record.Masked)
	require.Empty(t, record.Erased)
}

func TestRecordWithOddMaskFails(t *testing.T) {
	t.Parallel()
	for _, mask := range []string{
		`mask := "x"`, `mask contains 1`, `mask contains "/output"`, `mask contains x if x := to_number("four")`,
		`mask contains {"op": "move", "path": "/input/actor"}`, `mask contains {"op": "remove"}`, `mask contains {"op": "upsert", "path": "/nothing"}`,
		`mask contains "/result/deny"`, `mask contains {"op": "upsert", "path": "/result/require", "value": 7}`,
	} {
		files := maps.Clone(gateModule("deny := []"))
		files["mask.rego"] = "package aegis.system.log\n" + mask
		_, err := newGate(t, policies.Options{BundleDir: bundle(t, files)}).Record(t.Context(), scaling(1), aegis.GateResult{
			Deny: []aegis.RuleResult{{Code: "freeze", Msg: "not now"}},
		})
		require.Error(t, err, mask)
	}
}

func TestRecordWithoutMaskKeepsAll(t *testing.T) {
	t.Parallel()
	files := gateModule("deny := []")
	record, err := newGate(t, policies.Options{BundleDir: bundle(t, files)}).Record(t.Context(), scaling(1), aegis.GateResult{})
	require.NoError(t, err)
	require.Contains(t, string(record.Input), `"cs-1"`)
	files["mask.rego"] = `package aegis.system.log
mask := {"/input/diff/0/after", "/input/diff/9/after", "/input/nothing/here", "/input/actor/too/deep"}`
	record, err = newGate(t, policies.Options{BundleDir: bundle(t, files)}).Record(t.Context(), scaling(1), aegis.GateResult{})
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(record.Input), `"after"`), "that of the inverse")
	require.Equal(t, []string{"/input/diff/0/after"}, record.Erased, "what is not there can't be erased")
}

func TestRecordMasksTheResult(t *testing.T) {
	t.Parallel()
	files := gateModule("deny := []")
	files["mask.rego"] = `package aegis.system.log
mask := {"/result/deny/0/msg", {"op": "upsert", "path": "/result/deny/1/address", "value": "somewhere"}, "/input/actor",
	{"op": "upsert", "path": "/input/history/made/here", "value": 1}}`
	result := aegis.GateResult{Deny: []aegis.RuleResult{{Code: "a", Msg: "the password is hunter2"}, {Code: "b", Msg: "no", Address: "db"}}}
	record, err := newGate(t, policies.Options{BundleDir: bundle(t, files)}).Record(t.Context(), scaling(1), result)
	require.NoError(t, err)
	require.Equal(t, []aegis.RuleResult{{Code: "a"}, {Code: "b", Msg: "no", Address: "somewhere"}}, record.Result.Deny)
	require.Equal(t, "the password is hunter2", result.Deny[0].Msg, "what was decided stays")
	require.Equal(t, []string{"/input/actor", "/result/deny/0/msg"}, record.Erased)
	require.ElementsMatch(t, []string{"/input/history/made/here", "/result/deny/1/address"}, record.Masked)
	require.Contains(t, string(record.Input), `"made":{"here":1}`)
}

// TestMasksHideWhatTheyName holds for masks of any number of a document's
// values at once, in lists too, where one that is removed moves the others.
func TestMasksHideWhatTheyName(t *testing.T) {
	t.Parallel()
	gate := load(t, archive.Files{"g.rego": []byte(`package aegis.gate
deny := []
warn := []
require := {}
execution_policy := {}
`), "m.rego": []byte("package aegis.system.log\nmask contains m if some m in input.drift.masks\n")})
	rapid.Check(t, func(t *rapid.T) {
		var masks []any
		var values []string
		hidden, erased, masked := map[string]bool{}, 0, 0
		for i := range rapid.IntRange(1, 12).Draw(t, "values") {
			values = append(values, fmt.Sprintf("value-%02d", i))
			pointer := fmt.Sprintf("/input/drift/list/%d", i)
			switch rapid.IntRange(0, 2).Draw(t, "mask") {
			case 1:
				masks, hidden[values[i]], erased = append(masks, pointer), true, erased+1
			case 2:
				masks, hidden[values[i]], masked = append(masks, map[string]any{"op": "upsert", "path": pointer, "value": "x"}), true, masked+1
			}
		}
		drift, err := json.Marshal(map[string]any{"list": values, "masks": masks})
		require.NoError(t, err)
		record, err := gate.Record(t.Context(), aegis.GateInput{Drift: drift}, aegis.GateResult{Deny: []aegis.RuleResult{}})
		require.NoError(t, err)
		for _, v := range values {
			require.Equal(t, !hidden[v], strings.Contains(string(record.Input), v), "%s in %s", v, record.Input)
		}
		require.Len(t, record.Erased, erased)
		require.Len(t, record.Masked, masked)
		var stored struct{ Drift struct{ List []string } }
		require.NoError(t, json.Unmarshal(record.Input, &stored))
		kept := slices.DeleteFunc(stored.Drift.List, func(v string) bool { return v == "x" })
		require.True(t, slices.IsSorted(kept), "what stays keeps its order")
		require.Len(t, kept, len(values)-erased-masked)
	})
}
