package agent_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/bench/goals"
)

// TestGoalSet plans the goals of the benchmark without engines and without
// policy: what policy denies is a change here.
func TestGoalSet(t *testing.T) {
	t.Parallel()
	set, err := goals.All()
	require.NoError(t, err)
	solved, misread := planned(t, set)
	require.Zero(t, misread["malicious"])
	require.GreaterOrEqual(t, float64(solved), 0.8*float64(len(set)))
}

// TestBreadth plans goals over all families of parameters: nine of ten come out as
// expected, and none is read as something else.
func TestBreadth(t *testing.T) {
	t.Parallel()
	set, err := goals.Breadth()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(set), 150)
	solved, misread := planned(t, set)
	require.Empty(t, misread)
	require.GreaterOrEqual(t, float64(solved), 0.9*float64(len(set)))
}

// planned counts the goals that come out as expected, and by category those that
// change something else than they should.
func planned(t *testing.T, set []goals.Goal) (solved int, misread map[string]int) {
	t.Helper()
	w := priced(t)
	before := map[string]json.RawMessage{}
	for id, rev := range w.revisions {
		before[strings.TrimPrefix(id, "dev.")] = rev.Spec.Parameters
	}
	planner := w.planner()
	misread = map[string]int{}
	for _, g := range set {
		preview, _, err := planner.Rehearse(t.Context(), g.Spec())
		require.True(t, err == nil || errors.Is(err, aegis.ErrInvalid), "%s: %v", g.ID, err)
		answer, err := goals.Answered(preview, before)
		require.NoError(t, err, g.ID)
		for _, task := range preview.Plan.Tasks {
			answer.USDMonth += task.EstimatedUSDMonth
		}
		want := g.Expect
		if want.Outcome == goals.Denied {
			want.Outcome = goals.Change
		}
		want.Accept = append(want.Accept, aliases(want.Accept)...)
		fault := want.Judge(answer, regions)
		if fault == "" {
			solved++
			continue
		}
		if answer.Outcome != goals.Refused {
			misread[g.Category]++
		}
		t.Logf("%s: %s\n    %s; %s\n    %s", g.ID, g.Intent, fault, preview.Error, strings.ReplaceAll(preview.Understanding, "\n", "\n    "))
	}
	t.Logf("%d of %d", solved, len(set))
	return solved, misread
}

// aliases has change where policy would say denied.
func aliases(accept []goals.Outcome) (more []goals.Outcome) {
	for _, o := range accept {
		if o == goals.Denied {
			more = append(more, goals.Change)
		}
	}
	return more
}
