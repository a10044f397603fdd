package agent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pricing"
)

func TestDomainsBoundAGoal(t *testing.T) {
	t.Parallel()
	ask := func(domains ...string) aegis.Goal {
		goal, _ := newWorld(t).submit(t, aegis.GoalSpec{Intent: twoLayers, Domains: domains})
		return goal
	}
	for _, domains := range [][]string{nil, {"runtime", "data"}, {"infrastructure"}, {"infra"}, {"runtime", "infrastructure"}} {
		goal := ask(domains...)
		require.Empty(t, goal.Error, domains)
		require.Len(t, goal.Plan.Tasks, 2)
		require.NotContains(t, goal.Understanding, "No specialist")
	}
	require.Contains(t, ask("runtime").Error, "changes layer data, which a constraint or the goal's domains leave out")
	require.Contains(t, ask("games").Understanding, "No specialist here knows games: all of the estate's layers are looked at.")
}

// TestSharesOfAGoal splits a budget and a deadline over a goal's tasks.
func TestSharesOfAGoal(t *testing.T) {
	t.Parallel()
	table, err := pricing.Load()
	require.NoError(t, err)
	w := newWorld(t)
	w.pricer = table
	limit, deadline := 1000.0, w.now.Add(4*time.Hour)
	goal, sets := w.submit(t, aegis.GoalSpec{Intent: twoLayers, Budget: &aegis.Budget{USDMonth: &limit}, Deadline: &deadline})
	require.Empty(t, goal.Error)
	require.Len(t, goal.Plan.Tasks, 2)
	for i, task := range goal.Plan.Tasks {
		other := goal.Plan.Tasks[1-i].EstimatedUSDMonth
		require.InDelta(t, limit-max(0, other), *task.BudgetUSDMonth, 1e-9)
		require.GreaterOrEqual(t, *task.BudgetUSDMonth, task.EstimatedUSDMonth)
		require.Equal(t, deadline.UTC(), *task.DueAt)
		require.Contains(t, sets[i].Constraints, "begun_by:"+deadline.UTC().Format(time.RFC3339))
		if other > 0 {
			require.Contains(t, sets[i].Constraints, fmt.Sprintf("at_most_usd_month:%.2f", *task.BudgetUSDMonth))
		}
	}
	limitless, sets := newWorld(t).submit(t, aegis.GoalSpec{Intent: twoLayers})
	require.Nil(t, limitless.Plan.Tasks[0].BudgetUSDMonth)
	require.Nil(t, limitless.Plan.Tasks[0].DueAt)
	require.Equal(t, []string{"only_layer:" + limitless.Plan.Tasks[0].Agent}, sets[0].Constraints)
}

func TestEnsemble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goal, sets := w.submit(t, aegis.GoalSpec{
		Intent: "scale the runtime to 4 nodes and double the events stream", Constraints: []string{"not in eu-west-1", "don't touch the network"},
	})
	require.Empty(t, goal.Error)
	left := []string{"us-east-1", "ap-southeast-1"}
	require.Equal(t, aegis.GoalAgent{Name: "planner", Role: aegis.AgentPlans, Layers: []string{"security", "data", "runtime", "edge"}, Regions: left}, goal.Plan.Ensemble[0])
	specialists := map[string]bool{}
	for _, a := range goal.Plan.Ensemble[1:] {
		require.Equal(t, aegis.AgentSpecialises, a.Role)
		require.Equal(t, []string{a.Name}, a.Layers)
		require.Equal(t, left, a.Regions)
		specialists[a.Name] = true
	}
	for _, task := range goal.Plan.Tasks {
		require.True(t, specialists[task.Agent], task.TaskID)
		require.Contains(t, task.TaskID, task.Agent)
	}
	require.Len(t, sets, 2)
	for _, cs := range sets {
		name, err := aegis.ParseStackID(cs.Target.StackIDs[0])
		require.NoError(t, err)
		require.Equal(t, []string{"only_layer:" + name.Layer, "only_region:us-east-1", "only_region:ap-southeast-1"}, cs.Constraints)
	}
}
