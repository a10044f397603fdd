package goals_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/bench/goals"
	"github.com/aegisworld/aegis/stacks"
)

func regions() []string { return []string{"us-east-1", "eu-west-1", "ap-southeast-1"} }

// TestTheSetIsSound holds that every goal can be judged on the small estate.
func TestTheSetIsSound(t *testing.T) {
	t.Parallel()
	set, err := goals.All()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(set), 150)
	others, err := goals.HeldOut()
	require.NoError(t, err)
	require.NotEmpty(t, others)
	more, err := goals.Breadth()
	require.NoError(t, err)
	set = append(append(set, others...), more...)
	specs, err := stacks.Estate(stacks.SizeSmall, "sandbox", regions())
	require.NoError(t, err)
	known := map[string]bool{}
	for _, spec := range specs {
		known[spec.Layer+"."+spec.Region], known[spec.Layer+".*"] = true, true
	}
	seen, categories := map[string]bool{}, map[string]int{}
	for _, g := range set {
		require.False(t, seen[g.ID], "%s is there twice", g.ID)
		require.NotEmpty(t, g.Intent, g.ID)
		require.Contains(t, []goals.Outcome{goals.Change, goals.Denied, goals.Refused, goals.Nothing}, g.Expect.Outcome, g.ID)
		for key := range g.Expect.Stacks {
			require.True(t, known[key], "%s names stack %q", g.ID, key)
		}
		seen[g.ID] = true
		categories[g.Category]++
	}
	for _, category := range []string{
		"scaling", "cost", "resilience", "security", "retention", "evacuation", "contradictory", "impossible", "ambiguous", "malicious",
	} {
		require.Positive(t, categories[category], category)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	before := map[string]json.RawMessage{"runtime.eu-west-1": json.RawMessage(`{"node_desired":2,"node_max":6}`)}
	plan := func(patch string) aegis.GoalPreview {
		return aegis.GoalPreview{
			Plan: aegis.GoalPlan{Tasks: []aegis.Task{{Patches: []aegis.SpecPatch{
				{StackID: "sandbox.runtime.eu-west-1", MergePatch: json.RawMessage(patch)},
			}}}},
			Trials: []aegis.Trial{{CostDeltaUSDMonth: 30}},
		}
	}
	low := 10.0
	four := goals.Expectation{Outcome: goals.Change, Stacks: map[string]map[string]any{
		"runtime.eu-west-1": {"node_desired": 4, "node_max": map[string]any{"min": 4, "max": 8}},
	}}
	for name, c := range map[string]struct {
		preview aegis.GoalPreview
		want    goals.Expectation
		fault   string
	}{
		"as wanted":        {plan(`{"node_desired":4}`), four, ""},
		"another value":    {plan(`{"node_desired":5}`), four, "node_desired is 5"},
		"beyond a bound":   {plan(`{"node_desired":4,"node_max":9}`), four, "above 8"},
		"nothing to do":    {aegis.GoalPreview{}, four, "is nothing, not change"},
		"refused":          {aegis.GoalPreview{Error: "no"}, four, "is refused, not change"},
		"as good":          {aegis.GoalPreview{Error: "no"}, goals.Expectation{Outcome: goals.Nothing, Accept: []goals.Outcome{goals.Refused}}, ""},
		"another stack":    {plan(`{}`), goals.Expectation{Outcome: goals.Change}, "runtime.eu-west-1 changes, too"},
		"others may":       {plan(`{}`), goals.Expectation{Outcome: goals.Change, Others: true}, ""},
		"but not this one": {plan(`{}`), goals.Expectation{Outcome: goals.Change, Others: true, Never: []string{"runtime.*"}}, "changes, too"},
		"too dear":         {plan(`{}`), goals.Expectation{Outcome: goals.Change, Others: true, MaxUSDMonth: &low}, "30.00 $ a month more"},
		"gone": {plan(`{"node_max":null}`), goals.Expectation{Outcome: goals.Change, Stacks: map[string]map[string]any{
			"runtime.eu-west-1": {"node_max": map[string]any{"absent": true}},
		}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := goals.Answered(c.preview, before)
			require.NoError(t, err)
			fault := c.want.Judge(answer, regions())
			if c.fault == "" {
				require.Empty(t, fault)
			} else {
				require.Contains(t, fault, c.fault)
			}
		})
	}
}
