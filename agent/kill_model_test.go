package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
	"github.com/aegisworld/aegis/stacks"
)

// keptAnswers are what models answered, shared by processes.
type keptAnswers map[[32]byte][]byte

func (k keptAnswers) KeptAnswer(_ context.Context, digest [32]byte) (answer []byte, ok bool, err error) {
	answer, ok = k[digest]
	return answer, ok, nil
}

func (k keptAnswers) KeepAnswer(_ context.Context, digest [32]byte, answer []byte, _ time.Duration) error {
	k[digest] = answer
	return nil
}

// TestAKilledLookIsPaidOnce ends the process at every call to a store that it makes
// for a goal that a model looks into, before and after the call: each next process
// has a router of its own, and no question to the model is asked twice.
func TestAKilledLookIsPaidOnce(t *testing.T) {
	t.Parallel()
	const kind = models.OpenAI
	pursue := func(at int, after bool) (goal aegis.Goal, m *mortal, asked int) {
		server := modeltest.Start()
		defer server.Close()
		server.Reply(func(c modeltest.Call) modeltest.Step {
			switch {
			case strings.Contains(string(c.Schema), `"sentences"`):
				return answer(t, "", draft)
			case strings.Contains(c.Messages[len(c.Messages)-1].Text, "99 TB"):
				return says(t, map[string]any{"values": map[string]string{"bucket": "artifacts"}})
			default:
				return says(t, map[string]any{"tool": "read_metrics", "input": map[string]any{}})
			}
		})
		provider, err := models.New(kind, models.Options{Name: "local", BaseURL: server.URL(kind), Key: func() (string, error) { return "sk-test", nil }})
		require.NoError(t, err)
		m = &mortal{world: priced(t), at: at, after: after}
		m.goals["goal-1"] = aegis.Goal{GoalSpec: aegis.GoalSpec{GoalID: "goal-1", Intent: vague}, State: aegis.GoalAccepted, Submitter: "alice", CreatedAt: noon}
		kept := keptAnswers{}
		for {
			router, err := model.New(model.Config{Ledger: &purse{left: 1_000_000}, Answers: kept, Models: []model.Model{
				{Provider: provider, ID: "m", Price: model.Price{Model: "m", InputUSD: 1, OutputUSD: 5, Window: 100_000}, Timeout: 10 * time.Second},
			}})
			require.NoError(t, err)
			err = agent.New(agent.Config{
				Goals: m, Stacks: m, Specs: m, ChangeSets: m, Door: m, Memory: m, Journal: m, Pricer: m.pricer, Validate: stacks.Validate, DependsOn: stacks.DependsOn,
				Regions: regions, Now: m.clock, Models: router, Tools: metrics("artifacts: 99 TB"),
			}).Run(t.Context(), "goal-1")
			if !errors.Is(err, errKilled) {
				require.NoError(t, err)
				return m.goals["goal-1"], m, len(server.Calls())
			}
		}
	}
	want, whole, asked := pursue(0, false)
	require.Equal(t, 3, asked)
	require.Positive(t, want.Plan.Reading.CostUSD)
	require.Len(t, whole.sets, 1)
	require.Greater(t, whole.calls, 8)
	for at := 1; at <= whole.calls; at++ {
		for _, after := range []bool{false, true} {
			got, m, asked := pursue(at, after)
			require.Equal(t, 3, asked, "call %d", at)
			require.Equal(t, want.Plan.Reading, got.Plan.Reading, "call %d", at)
			require.Len(t, m.sets, 1, "call %d", at)
			require.Equal(t, whole.sets[0].Patches, m.sets[0].Patches, "call %d", at)
			require.Len(t, m.journal, 2, "call %d", at)
		}
	}
}
