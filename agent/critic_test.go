package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
)

// criticised is a planner with a translator and a critic.
func criticised(t *testing.T, w *world) (*agent.Planner, *modeltest.Server) {
	t.Helper()
	return criticisedFor(t, w, &purse{left: 1_000_000})
}

// criticisedFor has them paid for by a ledger.
func criticisedFor(t *testing.T, w *world, ledger model.Ledger) (*agent.Planner, *modeltest.Server) {
	t.Helper()
	server := modeltest.Start()
	t.Cleanup(server.Close)
	provider, err := models.New(models.OpenAI, models.Options{
		Name: "local", BaseURL: server.URL(models.OpenAI), Key: func() (string, error) { return "sk-test", nil },
	})
	require.NoError(t, err)
	price := model.Price{Model: "m", InputUSD: 1, OutputUSD: 5, Window: 100_000}
	router, err := model.New(model.Config{Ledger: ledger, Models: []model.Model{
		{Provider: provider, ID: "translator", Kinds: []string{model.KindUnderstand}, Price: price},
		{Provider: provider, ID: "critic", Kinds: []string{model.KindCritique}, Price: price},
	}})
	require.NoError(t, err)
	c := w.config()
	c.Models, c.Agents = router, people{"night": {Name: "night", Models: []string{"local/translator"}}}
	return agent.New(c), server
}

// A critic may stop what another model made of a goal, and nothing else.
func TestACriticObjects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says  modeltest.Step
		state aegis.GoalState
		error string
	}{
		"it is the same":  {says(t, map[string]any{"same": true, "objection": ""}), aegis.GoalRunning, ""},
		"it is another":   {says(t, map[string]any{"same": false, "objection": "the goal asks for three"}), aegis.GoalFailed, "a critic, critic, objects: it is not what the goal asks: the goal asks for three"},
		"it can't be had": {modeltest.Step{Status: 400}, aegis.GoalRunning, ""},
	} {
		w := priced(t)
		planner, server := criticised(t, w)
		server.Script("translator", answer(t, "", "scale the runtime to 4 nodes in eu-west-1"))
		server.Script("critic", c.says)
		w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: odd}, State: aegis.GoalAccepted}
		require.NoError(t, planner.Run(t.Context(), "goal-1"), name)
		goal := w.goals["goal-1"]
		require.Equal(t, c.state, goal.State, name)
		require.Contains(t, goal.Error, c.error, name)
		require.NotNil(t, goal.Plan.Reading.Critique, name)
		require.Equal(t, c.state == aegis.GoalRunning, len(w.sets) == 1, name)
		require.Len(t, server.Calls(), 2, name)
		require.NoError(t, planner.Run(t.Context(), "goal-1"), name)
		require.Len(t, server.Calls(), 2, "what was paid is not asked again")
	}
}

func TestReadGoalsNeedNoCritic(t *testing.T) {
	t.Parallel()
	w := priced(t)
	planner, server := criticised(t, w)
	w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "scale the runtime to 4 nodes in eu-west-1"}, State: aegis.GoalAccepted}
	require.NoError(t, planner.Run(t.Context(), "goal-1"))
	require.Empty(t, server.Calls())
}

// A critic that is none of an agent's models is not asked for it.
func TestAgentsHaveTheirOwnModels(t *testing.T) {
	t.Parallel()
	w := priced(t)
	planner, server := criticised(t, w)
	server.Script("translator", answer(t, "", "scale the runtime to 4 nodes in eu-west-1"))
	w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: odd}, State: aegis.GoalAccepted, Agent: "night"}
	require.NoError(t, planner.Run(t.Context(), "goal-1"))
	require.Len(t, w.sets, 1)
	require.Len(t, server.Calls(), 1)
}

// What a question costs that nobody answers well counts as well.
func TestFailedQuestionsCount(t *testing.T) {
	t.Parallel()
	w := priced(t)
	planner, server := criticised(t, w)
	server.Reply(func(modeltest.Call) modeltest.Step { return modeltest.Step{Text: "no JSON"} })
	w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: odd}, State: aegis.GoalAccepted}
	require.NoError(t, planner.Run(t.Context(), "goal-1"))
	goal := w.goals["goal-1"]
	require.Equal(t, aegis.GoalFailed, goal.State)
	require.Greater(t, len(server.Calls()), 2, "it is asked to repair its answer")
	require.Positive(t, goal.Plan.Reading.CostUSD)
	cost := 0.0
	for _, s := range w.steps {
		cost += s.CostUSD
	}
	require.InDelta(t, goal.Plan.Reading.CostUSD, cost, 1e-9)
}

// Who asks for a preview pays for its questions.
func TestPreviewsArePaidByWhoAsks(t *testing.T) {
	t.Parallel()
	w, ledger := priced(t), &purse{left: 1_000_000}
	planner, server := criticisedFor(t, w, ledger)
	server.Script("translator", answer(t, "", "scale the runtime to 4 nodes in eu-west-1"))
	server.Script("critic", says(t, map[string]any{"same": true, "objection": ""}))
	preview, err := planner.Preview(t.Context(), aegis.GoalSpec{Intent: odd}, "bob")
	require.NoError(t, err)
	require.Empty(t, preview.Error)
	require.Len(t, ledger.accounts, 2)
	for _, a := range ledger.accounts {
		require.Equal(t, "bob", a.Submitter)
		require.Empty(t, a.Goal)
	}
	require.Empty(t, w.sets)
}
