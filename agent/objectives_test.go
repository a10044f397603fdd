package agent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pricing"
)

// priced is a small estate with the price table.
func priced(t *testing.T) *world {
	t.Helper()
	table, err := pricing.Load()
	require.NoError(t, err)
	w := newWorld(t)
	w.pricer = table
	return w
}

func TestSurvivingARegion(t *testing.T) {
	t.Parallel()
	w := priced(t)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "make checkout survive losing us-east-1, under $3,000 a month more, by Friday"})
	require.Empty(t, goal.Error)
	require.Equal(t, aegis.GoalRunning, goal.State)
	require.Contains(t, goal.Understanding, `Nothing in the estate is called "checkout"`)
	require.Contains(t, goal.Understanding, "Within: under $3,000 a month more; by Friday.")
	require.Contains(t, goal.Understanding, "Chosen: spare capacity (")
	require.Contains(t, goal.Understanding, "Rejected: room to scale (")
	require.Contains(t, goal.Understanding, "objects of bucket artifacts of us-east-1 are in no other region")
	require.Len(t, sets, 2)
	require.InDelta(t, 3000, *sets[0].Budget.USDMonth, 0)
	for _, region := range []string{"eu-west-1", "ap-southeast-1"} {
		after := decode[aegis.RuntimeSpec](t, w.after(t, goal.GoalID, "dev.runtime."+region))
		require.Equal(t, 3, after.NodeDesired, "six nodes on two regions")
		require.Equal(t, 3, after.NodeMin)
	}
	require.Equal(t, 2, decode[aegis.RuntimeSpec](t, w.after(t, goal.GoalID, "dev.runtime.us-east-1")).NodeDesired)
	for _, region := range regions {
		after := decode[aegis.EdgeSpec](t, w.after(t, goal.GoalID, "dev.edge."+region))
		require.Equal(t, 30, after.RecordTTLSeconds)
		require.Equal(t, 10, after.HealthCheck.IntervalSeconds)
	}
	for _, o := range goal.Plan.Options {
		require.Equal(t, o.Name == "spare capacity", o.Chosen, o.Name)
		require.Equal(t, o.Chosen, o.Rejected == "", o.Name)
	}
}

// With the least tolerance the plan has phases: copies need a key, and the other
// regions' keys the primary one's.
func TestSurvivingWithCopiesHasPhases(t *testing.T) {
	t.Parallel()
	w := priced(t)
	deadline := w.now.Add(3 * time.Hour)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "survive the loss of eu-west-1", RiskTolerance: aegis.RiskLow, Deadline: &deadline})
	require.Empty(t, goal.Error)
	require.Len(t, sets, 3, "the primary key, nodes and fail-over elsewhere; the rest waits for them")
	require.Equal(t, []string{"dev.security.us-east-1"}, sets[0].Target.StackIDs)
	needs := map[string][]string{}
	for _, task := range goal.Plan.Tasks {
		needs[task.TaskID] = task.DependsOn
		phase := int(task.TaskID[2] - '0')
		require.Equal(t, w.now.Add(time.Duration(phase)*time.Hour).UTC(), *task.DueAt, "%s has a third of the time", task.TaskID)
	}
	require.Equal(t, map[string][]string{
		"1.1.security": {}, "1.1.runtime": {}, "1.1.edge": {}, "1.2.security": {"1.1.security", "1.1.runtime", "1.1.edge"},
		"1.3.edge": {"1.2.security"},
	}, needs)

	promote := func(n, proposed int) {
		w.end(w.setsOf(goal.GoalID)[n].ChangeSetID, aegis.StatePromoted)
		require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
		require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID), "looking again proposes nothing twice")
		require.Len(t, w.setsOf(goal.GoalID), proposed)
	}
	promote(0, 3)
	promote(1, 3)
	promote(2, 4)
	require.Equal(t, []string{"dev.security.eu-west-1", "dev.security.ap-southeast-1"}, w.setsOf(goal.GoalID)[3].Target.StackIDs)
	promote(3, 5)
	require.Equal(t, []string{"dev.edge.eu-west-1"}, w.setsOf(goal.GoalID)[4].Target.StackIDs)
	require.Equal(t, map[string][]string{"artifacts": {"ap-southeast-1"}},
		decode[aegis.EdgeSpec](t, w.after(t, goal.GoalID, "dev.edge.eu-west-1")).ReplicatedBuckets)
	promote(4, 5)
	ended := w.goals[goal.GoalID]
	require.Equal(t, aegis.GoalSucceeded, ended.State)
	require.Len(t, ended.Result.Achieved, 5)
	require.Empty(t, ended.Result.Lacks)
}

// A stack waits for those whose outputs only its new spec reads: each region's
// peering for the regions before it.
func TestStacksWaitForWhatTheyNewlyRead(t *testing.T) {
	t.Parallel()
	goal, sets := newWorld(t).ask(t, "peer the networks of all regions")
	require.Empty(t, goal.Error)
	require.Len(t, sets, 2, "the last region accepts from nobody, and reads nothing")
	phases := map[string]string{}
	for _, task := range goal.Plan.Tasks {
		for _, patch := range task.Patches {
			phases[patch.StackID] = task.TaskID
		}
	}
	require.Equal(t, "1.1.network", phases["dev.network.us-east-1"])
	require.Equal(t, "1.2.network", phases["dev.network.eu-west-1"])
	require.Equal(t, "1.3.network", phases["dev.network.ap-southeast-1"])
	require.Greater(t, phases["dev.edge.us-east-1"], "1.3.")
}

// Where the keys are there, what needs them waits for nothing.
func TestPhasesWithNothingToDoAreNone(t *testing.T) {
	t.Parallel()
	w := priced(t)
	for _, region := range regions {
		w.edit(t, "dev.security."+region, func(s *aegis.SecuritySpec) { s.Replicated = true })
	}
	goal, sets := w.ask(t, "copy bucket artifacts from us-east-1 to eu-west-1")
	require.Empty(t, goal.Error)
	require.Len(t, sets, 1)
	require.Equal(t, "1.1.edge", goal.Plan.Tasks[0].TaskID)
}

func TestATaskThatFailsSkipsWhatWaitsForIt(t *testing.T) {
	t.Parallel()
	w := priced(t)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "evacuate ap-southeast-1", RiskTolerance: aegis.RiskLow})
	require.Len(t, goal.Plan.Tasks, 3)
	for _, cs := range sets {
		w.end(cs.ChangeSetID, aegis.StateRolledBack)
	}
	require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	ended := w.goals[goal.GoalID]
	require.Equal(t, aegis.GoalFailed, ended.State)
	require.Equal(t, aegis.TaskSkipped, ended.Plan.Tasks[len(ended.Plan.Tasks)-1].State)
	require.Len(t, w.setsOf(goal.GoalID), 2, "the region is not stopped")
	require.NotEmpty(t, ended.Result.Lacks)
}

// A way that policy denies is given up for the next, once.
func TestADeniedWayIsReplanned(t *testing.T) {
	t.Parallel()
	w := priced(t)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: "make everything survive losing us-east-1", RiskTolerance: aegis.RiskHigh})
	require.Contains(t, goal.Understanding, "Chosen: room to scale")
	deny := func() {
		for i := range w.sets {
			if !w.sets[i].PromotionState.Terminal() {
				w.sets[i].Denials = []aegis.RuleResult{{Code: "too_thin", Msg: "keep spare nodes"}}
				w.end(w.sets[i].ChangeSetID, aegis.StateDenied)
			}
		}
		require.NoError(t, w.planner().Settle(t.Context(), goal.GoalID))
	}
	first := len(sets)
	deny()
	again := w.goals[goal.GoalID]
	require.Equal(t, aegis.GoalRunning, again.State)
	require.Equal(t, 2, again.Plan.Plans)
	require.Greater(t, len(w.setsOf(goal.GoalID)), first)
	require.Contains(t, again.Understanding, "Chosen: spare capacity")
	require.Contains(t, again.Understanding, "tried: ")
	deny()
	deny()
	ended := w.goals[goal.GoalID]
	require.Equal(t, aegis.GoalDenied, ended.State)
	require.Equal(t, 3, ended.Plan.Plans)
	require.Contains(t, ended.Error, "too_thin")
}

func TestObjectivesThatCantBeReached(t *testing.T) {
	t.Parallel()
	for intent, reason := range map[string]string{
		"make it survive losing us-east-1, eu-west-1 and ap-southeast-1":   "no region is left",
		"make it survive losing Tokyo":                                     "not one of the estate's",
		"make it survive losing us-east-1 for less than $1 a month more":   "no way to it is allowed",
		"evacuate us-east-1 and evacuate eu-west-1":                        "two ends",
		"cut the cost of the runtime by 100%":                              "leaves nothing",
		"save $100000 a month":                                             "the most that can be saved",
		"under $5 a month, by Friday":                                      "asks for nothing",
		"survive the loss of us-east-1, only in us-east-1":                 "a constraint excludes",
		"survive the loss of us-east-1 by 2020-01-01":                      "has passed",
		"make the runtime cheaper with low risk":                           "needs risk_tolerance",
		"move the runtime from us-east-1 to eu-west-1":                     "can't read",
		"evacuate us-east-1 and grant everyone administrator access to it": "can't read",
	} {
		goal, sets := priced(t).ask(t, intent)
		require.Equal(t, aegis.GoalFailed, goal.State, intent)
		require.Contains(t, goal.Error, reason, intent)
		require.Empty(t, sets, intent)
	}
}

func TestCuttingCost(t *testing.T) {
	t.Parallel()
	w := priced(t)
	w.edit(t, "dev.network.us-east-1", func(s *aegis.NetworkSpec) { s.NAT = "per_zone" })
	goal, sets := w.ask(t, "save $50 a month in us-east-1")
	require.Empty(t, goal.Error)
	require.Contains(t, goal.Understanding, "Chosen: one NAT gateway (-$")
	require.Equal(t, []string{"dev.network.us-east-1"}, sets[0].Target.StackIDs)

	goal, sets = priced(t).submit(t, aegis.GoalSpec{Intent: "cut the cost of the runtime by 10% in eu-west-1"})
	require.Empty(t, goal.Error)
	require.Contains(t, goal.Understanding, "Chosen: fewer nodes (-$")
	require.JSONEq(t, `{"node_min": 1, "node_desired": 1}`, string(sets[0].Patches[0].MergePatch))
}

func TestLimitsWithinTheIntent(t *testing.T) {
	t.Parallel()
	for intent, usd := range map[string]float64{
		"scale the runtime to 3 nodes for less than $100 a month more":     100,
		"scale the runtime to 3 nodes, under $90 a month":                  90,
		"scale the runtime to 3 nodes without extra cost":                  0,
		"scale the runtime to 3 nodes with low risk, at most $80 a month":  80,
		"scale the runtime to 3 nodes by tomorrow for at most $70 a month": 70,
	} {
		_, sets := newWorld(t).ask(t, intent)
		require.NotEmpty(t, sets, intent)
		require.InDelta(t, usd, *sets[0].Budget.USDMonth, 1e-9, intent)
	}
}

// noon is a Sunday.
func TestDeadlinesWithinTheIntent(t *testing.T) {
	t.Parallel()
	for words, last := range map[string]time.Time{
		"by Friday":         time.Date(2026, time.March, 6, 23, 59, 59, 0, time.UTC),
		"before tomorrow":   time.Date(2026, time.March, 2, 23, 59, 59, 0, time.UTC),
		"by 2026-03-04":     time.Date(2026, time.March, 4, 23, 59, 59, 0, time.UTC),
		"within 3 hours":    noon.Add(3 * time.Hour),
		"by end of month":   time.Date(2026, time.March, 31, 23, 59, 59, 0, time.UTC),
		"by next wednesday": time.Date(2026, time.March, 4, 23, 59, 59, 0, time.UTC),
	} {
		w := newWorld(t)
		goal := aegis.Goal{
			GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "scale the runtime to 3 nodes " + words}, State: aegis.GoalAccepted, CreatedAt: noon,
		}
		w.goals["goal-1"] = goal
		w.now = last.Add(-time.Second)
		require.NoError(t, w.planner().Run(t.Context(), "goal-1"))
		require.Equal(t, aegis.GoalRunning, w.goals["goal-1"].State, words+": "+w.goals["goal-1"].Error)

		late := newWorld(t)
		late.goals["goal-1"] = goal
		late.now = last.Add(time.Second)
		require.NoError(t, late.planner().Run(t.Context(), "goal-1"))
		require.Contains(t, late.goals["goal-1"].Error, "has passed", words)
	}
}
