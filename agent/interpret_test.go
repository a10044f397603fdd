package agent_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
)

// purse is a ledger in memory with so many millionths of a dollar.
type purse struct {
	mu       sync.Mutex
	left     int64
	accounts []model.Account
}

func (p *purse) Reserve(_ context.Context, account model.Account, micros int64) (model.Hold, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts = append(p.accounts, account)
	if micros > p.left {
		return model.Hold{}, &model.BudgetError{Level: "goal", Scope: "goal:1", Micros: micros}
	}
	p.left -= micros
	return model.Hold{ID: "h", Micros: micros}, nil
}

func (p *purse) Settle(_ context.Context, h model.Hold, micros int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left += h.Micros - micros
	return nil
}

// asking is a planner with a model behind one of the protocols.
func asking(t *testing.T, w *world, kind string, left int64, more ...func(*agent.Config)) (*agent.Planner, *modeltest.Server) {
	t.Helper()
	server := modeltest.Start()
	t.Cleanup(server.Close)
	options := models.Options{Name: "local", BaseURL: server.URL(kind), Key: func() (string, error) { return "sk-test", nil }}
	if kind == models.Bedrock {
		options.Key, options.Region = nil, "eu-west-1"
		options.Credentials = func(context.Context) (aegis.Credentials, error) {
			return aegis.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s", Expires: time.Now().Add(time.Hour)}, nil
		}
	}
	provider, err := models.New(kind, options)
	require.NoError(t, err)
	router, err := model.New(model.Config{Ledger: &purse{left: left}, Models: []model.Model{
		{Provider: provider, ID: "m", Price: model.Price{Model: "m", InputUSD: 1, OutputUSD: 5, Window: 100_000}, Timeout: 10 * time.Second},
	}})
	require.NoError(t, err)
	config := w.config()
	config.Models, config.Memory = router, w
	for _, change := range more {
		change(&config)
	}
	planner := agent.New(config)
	if s, ok := config.Tools.(*shelf); ok {
		s.proposes = planner.ProposeTool()
	}
	return planner, server
}

func answer(t *testing.T, unclear string, sentences ...string) modeltest.Step {
	t.Helper()
	text, err := json.Marshal(map[string]any{"sentences": append([]string{}, sentences...), "unclear": unclear})
	require.NoError(t, err)
	return modeltest.Step{Text: string(text)}
}

// odd is a goal that no grammar covers.
const odd = "Ireland's pensioners storm the shop whenever the weather turns: four of those whirring things ought to hum over there"

func TestAModelSaysAGoalAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{models.Anthropic, models.OpenAI, models.Bedrock} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := priced(t)
			planner, server := asking(t, w, kind, 1_000_000)
			server.Script("m", answer(t, "", "scale the runtime to 4 nodes in eu-west-1"))
			w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: odd}, State: aegis.GoalAccepted, Submitter: "alice"}
			require.NoError(t, planner.Run(t.Context(), "goal-1"))
			goal := w.goals["goal-1"]
			require.Empty(t, goal.Error)
			require.Equal(t, aegis.GoalRunning, goal.State)
			require.JSONEq(t, `{"node_min": 4, "node_desired": 4}`, string(w.sets[0].Patches[0].MergePatch))
			require.Positive(t, goal.Plan.Reading.CostUSD)
			require.Equal(t, 1, w.steps[0].ModelCalls)
			require.NoError(t, planner.Run(t.Context(), "goal-1"))
			require.Len(t, server.Calls(), 1, "what was paid is not asked again")
			require.NotContains(t, server.Calls()[0].System, "pensioners", "the goal is data")

			w.end(w.sets[0].ChangeSetID, aegis.StatePromoted)
			require.NoError(t, planner.Settle(t.Context(), "goal-1"))
			require.Equal(t, aegis.GoalSucceeded, w.goals["goal-1"].State)
			require.InDelta(t, goal.Plan.Reading.CostUSD, w.goals["goal-1"].Result.USDRun, 1e-9)
			require.Len(t, w.memories, 1)
			require.Equal(t, aegis.MemorySucceeded, w.memories[0].Outcome)
		})
	}
}

// What a model says is held to what the goal speaks of, whoever told it to.
func TestAModelCannotWidenAGoal(t *testing.T) {
	t.Parallel()
	for said, reason := range map[string]string{
		"scale the runtime to 4 nodes in us-east-1":         "is about us-east-1",
		"scale the runtime to 4 nodes everywhere":           "is about every region",
		"scale the runtime to 4 nodes":                      "is about every region",
		"scale the runtime to 4 nodes in all regions":       "is about every region",
		"make the runtime cheaper":                          "is about every region",
		"survive the loss of any region":                    "is about every region",
		"evacuate us-east-1":                                "is about us-east-1",
		"open port 22 to 0.0.0.0/0 in eu-west-1":            "of which the goal says nothing",
		"allow role node to call iam:PassRole in eu-west-1": "of which the goal says nothing",
		"run this: rm -rf /":                                "can't read",
		"scale the runtime to 4000 nodes in eu-west-1":      "must be ≤ 200",
	} {
		w := priced(t)
		planner, server := asking(t, w, models.Anthropic, 1_000_000)
		server.Usually(answer(t, "", said))
		w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: odd}, State: aegis.GoalAccepted}
		require.NoError(t, planner.Run(t.Context(), "goal-1"))
		require.Equal(t, aegis.GoalFailed, w.goals["goal-1"].State, said)
		require.Contains(t, w.goals["goal-1"].Error, reason, said)
		require.Empty(t, w.sets, said)
	}
}

func TestModelsThatFailLeaveTheGoalAsItWasRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step   modeltest.Step
		left   int64
		reason string
	}{
		"unclear":     {answer(t, "which things?"), 1_000_000, "it is unclear: which things?"},
		"refuses":     {modeltest.Step{Refuse: true}, 1_000_000, "A model was asked as well"},
		"broken":      {modeltest.Step{Text: "{"}, 1_000_000, "A model was asked as well"},
		"fails":       {modeltest.Step{Status: 400}, 1_000_000, "A model was asked as well"},
		"no money":    {answer(t, "", "scale the runtime to 4 nodes in eu-west-1"), 1, "A model was asked as well"},
		"says no end": {answer(t, "", "by Friday"), 1_000_000, "asks for nothing"},
	} {
		w := priced(t)
		planner, server := asking(t, w, models.OpenAI, c.left)
		server.Usually(c.step)
		w.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: odd}, State: aegis.GoalAccepted}
		require.NoError(t, planner.Run(t.Context(), "goal-1"), name)
		require.Equal(t, aegis.GoalFailed, w.goals["goal-1"].State, name)
		require.Contains(t, w.goals["goal-1"].Error, c.reason, name)
		require.Empty(t, w.sets, name)
	}
}

func TestGoalsThatAreReadAskNoModel(t *testing.T) {
	t.Parallel()
	w := priced(t)
	planner, server := asking(t, w, models.Anthropic, 1_000_000)
	for i, intent := range []string{"scale the runtime to 4 nodes in eu-west-1", "scale the runtime to 400 nodes", "evacuate us-east-1 and evacuate eu-west-1"} {
		id := "goal-" + string(rune('1'+i))
		w.goals[id] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: id, Intent: intent}, State: aegis.GoalAccepted}
		require.NoError(t, planner.Run(t.Context(), id))
	}
	require.Empty(t, server.Calls())
}

// A model that leaves a limit out does not loosen the goal.
func TestAGoalKeepsItsOwnLimits(t *testing.T) {
	t.Parallel()
	w := priced(t)
	planner, server := asking(t, w, models.Anthropic, 1_000_000)
	server.Usually(answer(t, "", "scale the runtime to 6 nodes in eu-west-1"))
	w.goals["goal-1"] = aegis.Goal{
		GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: "six of those whirring things ought to hum in Ireland for at most $10 a month"}, State: aegis.GoalAccepted,
	}
	require.NoError(t, planner.Run(t.Context(), "goal-1"))
	require.Equal(t, aegis.GoalFailed, w.goals["goal-1"].State)
	require.Contains(t, w.goals["goal-1"].Error, "the budget is $10.00")
	require.Empty(t, w.sets)
}
