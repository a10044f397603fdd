package searchindex_test

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/opensearch-project/opensearch-go/v4/signer/awsv2"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest/streamtest"
	"github.com/aegisworld/aegis/internal/searchindex"
	"github.com/aegisworld/aegis/internal/searchindex/searchtest"
	"github.com/aegisworld/aegis/rollout"
)

// choice is a place in which telemetry can be looked up: the control database,
// where it is anyhow, or an index that it is passed on to.
type choice struct {
	streamtest.Source

	// sink is nil where there is nothing to pass on to.
	sink *searchindex.Index
	// events, traces and decisions return all that can be found.
	events    func(t *testing.T) map[int64]aegis.Event
	traces    func(t *testing.T) map[string]aegis.TaskTrace
	decisions func(t *testing.T) map[string]outcome
}

// outcome is what both choices tell of a decision.
type outcome struct {
	ChangeSetID string   `json:"change_set_id"`
	Outcome     string   `json:"outcome"`
	StackIDs    []string `json:"stack_ids"`
	DeniedBy    []string `json:"denied_by"`
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]func(*testing.T) choice{"postgres": postgresChoice, "opensearch": openSearchChoice} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("an event is found as it was", func(t *testing.T) { t.Parallel(); conformEvents(t, fresh(t)) })
			t.Run("what became of a change set is found", func(t *testing.T) { t.Parallel(); conformChangeSets(t, fresh(t)) })
			t.Run("nothing is lost by many senders that die", func(t *testing.T) { t.Parallel(); conformDeath(t, fresh(t)) })
		})
	}
}

func postgresChoice(t *testing.T) choice {
	t.Helper()
	source := streamtest.New(t)
	return choice{
		Source: source,
		events: func(t *testing.T) map[int64]aegis.Event {
			t.Helper()
			page, err := source.DB.Events(t.Context(), "", 0, 0)
			require.NoError(t, err)
			found := map[int64]aegis.Event{}
			for _, e := range page {
				found[e.Seq] = e
			}
			return found
		},
		traces: func(t *testing.T) map[string]aegis.TaskTrace {
			t.Helper()
			page, _, err := source.DB.Traces(t.Context(), aegis.Page{})
			require.NoError(t, err)
			found := map[string]aegis.TaskTrace{}
			for _, trace := range page {
				found[trace.TraceID] = trace
			}
			return found
		},
		decisions: func(t *testing.T) map[string]outcome {
			t.Helper()
			page, _, err := source.DB.Decisions(t.Context(), aegis.DecisionFilter{}, aegis.Page{})
			require.NoError(t, err)
			found := map[string]outcome{}
			for _, d := range page {
				codes := []string{}
				for _, rule := range d.Result.Deny {
					codes = append(codes, rule.Code)
				}
				found[d.DecisionID] = outcome{d.ChangeSetID, string(d.Outcome), d.StackIDs, codes}
			}
			return found
		},
	}
}

// openIndex opens the index of an environment in a domain.
func openIndex(t *testing.T, server *searchtest.Server, change func(*searchindex.Options)) *searchindex.Index {
	t.Helper()
	signer, err := awsv2.NewSigner(aws.Config{
		Region: searchtest.Region, Credentials: credentials.NewStaticCredentialsProvider(searchtest.AccessKey, searchtest.SecretKey, ""),
	})
	require.NoError(t, err)
	options := searchindex.Options{
		URL: server.URL, Signer: signer, Environment: "prod", RetentionDays: 30, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	change(&options)
	index, err := searchindex.Open(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, index.Close()) })
	return index
}

func openSearchChoice(t *testing.T) choice {
	t.Helper()
	server := searchtest.Start(t)
	source := streamtest.New(t)
	index := openIndex(t, server, func(o *searchindex.Options) { o.History = source.DB })
	return choice{
		Source: source, sink: index,
		events: func(t *testing.T) map[int64]aegis.Event {
			t.Helper()
			found := map[int64]aegis.Event{}
			for id, e := range documents[aegis.Event](t, server, "aegis.prod.events-*") {
				require.Equal(t, id, strconv.FormatInt(e.Seq, 10))
				found[e.Seq] = e
			}
			return found
		},
		traces: func(t *testing.T) map[string]aegis.TaskTrace {
			t.Helper()
			return documents[aegis.TaskTrace](t, server, "aegis.prod.traces-*")
		},
		decisions: func(t *testing.T) map[string]outcome {
			t.Helper()
			return documents[outcome](t, server, "aegis.prod.decisions-*")
		},
	}
}

func documents[T any](t *testing.T, server *searchtest.Server, pattern string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for id, source := range server.Documents(pattern) {
		text, err := json.Marshal(source)
		require.NoError(t, err)
		var document T
		require.NoError(t, json.Unmarshal(text, &document))
		found[id] = document
	}
	return found
}

// pass passes everything on, if there is anywhere to.
func (c choice) pass(t *testing.T) {
	t.Helper()
	if c.sink != nil {
		c.Deliver(t, c.sink)
	}
}

func conformEvents(t *testing.T, c choice) {
	t.Helper()
	was := []aegis.Event{
		{Kind: "change_set", ID: "cs-1", GoalID: "goal-1", Type: "change_set.moved", Data: json.RawMessage(`{"summary":"ünïcode \u0000 <&>","after":{"n":[1,"x",null]}}`)},
		{Kind: "stack", ID: "prod.data.eu-west-1", Type: "stack.state", Data: json.RawMessage(`{"after":"another type than before"}`)},
		{Kind: "goal", ID: "goal-1", GoalID: "goal-1", Type: "goal.accepted", Data: json.RawMessage(`[]`)},
	}
	c.Happen(t, was...)
	c.pass(t)
	found := c.events(t)
	require.Len(t, found, len(was))
	for seq, is := range found {
		want := was[seq-1]
		require.False(t, is.At.IsZero())
		require.JSONEq(t, string(want.Data), string(is.Data))
		is.Seq, is.At, is.Data, want.Data = 0, time.Time{}, nil, nil
		require.Equal(t, want, is)
	}
}

// deny has a change set denied, as the door writes it.
func (c choice) deny(t *testing.T, id string) (aegis.TaskTrace, aegis.Decision) {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Millisecond)
	trace := aegis.TaskTrace{
		TraceID: "trace-" + id, ChangeSetID: id, ToolCalls: 3, LatencyMS: 1 << 33, TokenCost: 0.25, Outcome: "denied",
		Steps: []aegis.TraceStep{
			{Name: "plan", StackID: "prod.data.eu-west-1", Verdict: "go", StartedAt: at, DurationMS: 1200, EngineMS: 1100},
			{Name: "gate", Verdict: "deny", Message: "denied: \"password\" <&>", StartedAt: at, DurationMS: 3},
		},
	}
	decision := aegis.Decision{
		DecisionID: "decision-" + id, ChangeSetID: id, StackIDs: []string{"prod.data.eu-west-1"}, Path: "aegis/gate", Outcome: aegis.OutcomeDenied,
		Input:  json.RawMessage(`{"secret":"hunter2"}`),
		Result: aegis.GateResult{Deny: []aegis.RuleResult{{Code: "open_port", Msg: "quotes hunter2"}}}, DecidedAt: at,
	}
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: id, TraceID: trace.TraceID, Source: aegis.SourceGoal, PromotionState: aegis.StateProposed, Phase: aegis.PhaseGate, Version: 1,
		Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: decision.StackIDs}, CreatedAt: at,
	}
	require.NoError(t, c.DB.InsertChangeSet(t.Context(), cs))
	cs.PromotionState, cs.Phase, cs.DecisionID = aegis.StateDenied, aegis.PhaseDone, decision.DecisionID
	require.NoError(t, c.DB.CommitStep(t.Context(), rollout.Step{
		ChangeSet: cs, Decision: &decision, Trace: trace,
		Events: []aegis.Event{{Kind: "change_set", ID: id, Type: "change_set.denied", Data: json.RawMessage(`{}`)}},
	}))
	return trace, decision
}

func conformChangeSets(t *testing.T, c choice) {
	t.Helper()
	trace, decision := c.deny(t, "cs-1")
	c.pass(t)
	c.pass(t)
	found := c.traces(t)
	require.Equal(t, map[string]aegis.TaskTrace{trace.TraceID: trace}, found)
	require.Equal(t, map[string]outcome{decision.DecisionID: {"cs-1", "denied", decision.StackIDs, []string{"open_port"}}}, c.decisions(t))
}

func conformDeath(t *testing.T, c choice) {
	t.Helper()
	if c.sink != nil {
		defer c.Compete(t, c.sink)()
	}
	const many = 40
	c.Happen(t, streamtest.Goals(many)...)
	require.Eventually(t, func() bool { return len(c.events(t)) == many }, 10*time.Minute, 100*time.Millisecond)
}
