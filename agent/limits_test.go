package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/internal/pricing"
)

func TestConstraintsThatHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		intent, constraint string
		regions            []string
	}{
		{"scale the runtime to 4 nodes", "only in eu-west-1", []string{"eu-west-1"}},
		{"scale the runtime to 4 nodes", "only touch Ireland and Singapore", []string{"eu-west-1", "ap-southeast-1"}},
		{"scale the runtime to 4 nodes", "eu-west-1 only", []string{"eu-west-1"}},
		{"scale the runtime to 4 nodes", "not in us-east-1", []string{"eu-west-1", "ap-southeast-1"}},
		{"scale the runtime to 4 nodes", "don't touch us-east-1", []string{"eu-west-1", "ap-southeast-1"}},
		{"scale the runtime to 4 nodes", "avoid us-east-1 and Singapore", []string{"eu-west-1"}},
		{"scale the runtime to 4 nodes", "no downtime", regions},
		{"scale the runtime to 4 nodes", "zero downtime", regions},
		{"scale the runtime to 4 nodes", "at most 6 nodes", regions},
		{"scale the runtime to 4 nodes", "never more than 6 nodes per region", regions},
		{"scale the runtime to 4 nodes", "at least 2 nodes", regions},
	} {
		goal, sets := newWorld(t).submit(t, aegis.GoalSpec{Intent: c.intent, Constraints: []string{c.constraint}})
		require.Empty(t, goal.Error, c.constraint)
		require.Len(t, sets, 1)
		require.Equal(t, c.regions, sets[0].Target.Regions, c.constraint)
		require.Equal(t, aegis.RiskMedium, sets[0].RiskTolerance)
	}
}

func TestConstraintsThatForbid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ intent, constraint, reason string }{
		{"scale the runtime in us-east-1 to 4 nodes", "only in eu-west-1", "a constraint excludes"},
		{"scale the runtime to 4 nodes", "not in us-east-1, eu-west-1 and ap-southeast-1", "leave no region"},
		{"scale the runtime to 4 nodes", "only in Tokyo", "none of the estate's regions"},
		{"remove bucket artifacts", "no deletions", "would remove something"},
		{"stop the runtime", "no downtime", "may interrupt service"},
		{"scale the runtime to 8 nodes", "at most 6 nodes", "a constraint allows at most 6"},
		{"scale the runtime to 1 node", "at least 2 nodes", "a constraint demands at least 2"},
		{"scale the runtime to 4 nodes", "nur in Irland", "can't read the constraint"},
		{"scale the runtime to 4 nodes", "on a full moon", "can't read the constraint"},
		{"scale the runtime to 4 nodes", "", "can't read the constraint"},
	} {
		goal, sets := newWorld(t).submit(t, aegis.GoalSpec{Intent: c.intent, Constraints: []string{c.constraint}})
		require.Equal(t, aegis.GoalFailed, goal.State)
		require.Contains(t, goal.Error, c.reason)
		require.Empty(t, sets)
	}
}

func TestConstraintsThatContradict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		constraints []string
		reason      string
	}{
		{[]string{"only in eu-west-1", "not in eu-west-1"}, "leave no region"},
		{[]string{"only in eu-west-1", "only in eu-west-1", "not in Ireland and Singapore"}, "leave no region"},
		{[]string{"at least 4 nodes", "at most 2 nodes"}, "the constraints contradict each other: at least 4 and at most 2 nodes"},
		{[]string{"don't touch the data layer", "at most 6 nodes", "leave data alone"}, "leave out"},
	} {
		goal, sets := newWorld(t).submit(t, aegis.GoalSpec{Intent: "double the events stream", Constraints: c.constraints})
		require.Equal(t, aegis.GoalFailed, goal.State, c.constraints)
		require.Contains(t, goal.Error, c.reason)
		require.Empty(t, sets)
	}
}

func TestEveryDocumentedConstraintIsRead(t *testing.T) {
	t.Parallel()
	for _, example := range agent.Constraints() {
		goal, _ := newWorld(t).submit(t, aegis.GoalSpec{Intent: "keep logs for 90 days", Constraints: []string{example}})
		require.Empty(t, goal.Error, example)
	}
}

func TestNodeConstraintLowersTheMaximum(t *testing.T) {
	t.Parallel()
	_, sets := newWorld(t).submit(t, aegis.GoalSpec{Intent: "scale the runtime in eu-west-1 to 4 nodes", Constraints: []string{"at most 5 nodes"}})
	require.JSONEq(t, `{"node_min": 4, "node_desired": 4, "node_max": 5}`, string(sets[0].Patches[0].MergePatch))
}

func TestLimitsAreCarried(t *testing.T) {
	t.Parallel()
	forty := 40.0
	_, sets := newWorld(t).submit(t, aegis.GoalSpec{
		Intent:        "scale the runtime to 4 nodes",
		Constraints:   []string{"max $100/month", "low risk", "no replacements", "no deletions"},
		Budget:        &aegis.Budget{USDMonth: &forty},
		RiskTolerance: aegis.RiskHigh,
	})
	require.Equal(t, aegis.RiskLow, sets[0].RiskTolerance)
	require.InDelta(t, 40, *sets[0].Budget.USDMonth, 0)
	require.Equal(t, []string{aegis.ConstraintNoReplacements, aegis.ConstraintNoDeletions, "only_layer:runtime"}, sets[0].Constraints)
	require.InDelta(t, 40, forty, 0, "the goal's own budget is left alone")
}

func TestMoneyConstraints(t *testing.T) {
	t.Parallel()
	for text, usd := range map[string]float64{
		"max $100/month": 100, "at most $99.5 per month": 99.5, "under 50 dollars a month": 50, "budget of $1,000": 1000,
		"spend no more than 20 usd monthly": 20, "no extra cost": 0, "cost at most $5 a month": 5,
	} {
		_, sets := newWorld(t).submit(t, aegis.GoalSpec{Intent: "scale the runtime to 4 nodes", Constraints: []string{text}})
		require.NotEmpty(t, sets, text)
		require.InDelta(t, usd, *sets[0].Budget.USDMonth, 1e-9, text)
	}
}

func TestBudgetIsEstimated(t *testing.T) {
	t.Parallel()
	table, err := pricing.Load()
	require.NoError(t, err)
	for intent, affordable := range map[string]bool{
		"scale the runtime to 8 nodes":                      false,
		"use t3.medium nodes":                               false,
		"scale the runtime to 1 node":                       true,
		"keep logs for 90 days":                             true,
		"double the events stream":                          false,
		"add stream clicks in eu-west-1":                    false,
		"set nat to single in us-east-1":                    false,
		"use one nat gateway per zone in us-east-1":         false,
		"remove stream events":                              true,
		"enable the web acl in eu-west-1":                   false,
		"enable aws config":                                 true,
		"create a redis cache named sessions in eu-west-1":  false,
		"add an interface endpoint for kms in eu-west-1":    false,
		"add database orders of class db.r6g.large":         false,
		"scale the runtime to 1 node and double the stream": true,
	} {
		w := newWorld(t)
		w.pricer = table
		goal, sets := w.submit(t, aegis.GoalSpec{Intent: intent, Constraints: []string{"max $5/month"}})
		require.Equal(t, affordable, len(sets) > 0, intent+": "+goal.Error)
		if !affordable {
			require.Contains(t, goal.Error, "a month; the budget is $5.00")
			require.Equal(t, aegis.GoalFailed, goal.State)
		}
	}
}
