package simulate_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/simulate"
)

// estate fakes all that a simulator asks for.
type estate struct {
	decisions []aegis.Decision
	candidate judge
	refuse    error
	since     time.Time
}

func (e *estate) Running() simulate.Judge { return judge(nothing) }

func (e *estate) Added(context.Context, map[string]string, map[string]any) (simulate.Judge, error) {
	return e.candidate, e.refuse
}

func (e *estate) Instead(context.Context, []byte) (simulate.Judge, error) {
	return e.candidate, e.refuse
}

func (e *estate) RecordedDecisions(_ context.Context, since time.Time, _ []string) iter.Seq2[aegis.Decision, error] {
	e.since = since
	return func(yield func(aegis.Decision, error) bool) {
		for _, d := range e.decisions {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (*estate) Stacks(_ context.Context, page aegis.Page) ([]aegis.Stack, string, error) {
	if page.Cursor == "" {
		return []aegis.Stack{{StackID: "a.b.c"}, {StackID: "a.b.broken"}}, "more", nil
	}
	return []aegis.Stack{{StackID: "a.b.pending"}}, "", nil
}

func (*estate) Inventory(_ context.Context, id string) (aegis.GateInput, error) {
	switch id {
	case "a.b.broken":
		return aegis.GateInput{}, errors.New("no credentials")
	case "a.b.pending":
		return aegis.GateInput{}, aegis.ErrNotFound
	default:
		return input("", resource(id, "aws_s3_bucket")), nil
	}
}

func (*estate) Suppose(_ context.Context, diff []aegis.ResourceChange) (aegis.GateInput, error) {
	return input("", diff...), nil
}

func (*estate) Rehearse(_ context.Context, goal aegis.GoalSpec) (aegis.GoalPreview, []aegis.AutonomousChangeSet, error) {
	if goal.Intent == "nonsense" {
		return aegis.GoalPreview{}, nil, aegis.Invalid("intent", "goal not understood")
	}
	return aegis.GoalPreview{
		Understanding: "Understood.",
		Plan:          aegis.GoalPlan{Tasks: []aegis.Task{{}, {}, {DependsOn: []string{"1.1.data"}}}},
	}, []aegis.AutonomousChangeSet{{Summary: "more buckets"}, {Summary: "the same again"}, {Summary: "and later"}}, nil
}

func (*estate) Preview(_ context.Context, cs aegis.AutonomousChangeSet) (aegis.GateInput, error) {
	if cs.Summary == "the same again" {
		return input(""), nil
	}
	return input("", resource("a.b.c", "aws_s3_bucket")), nil
}

func (e *estate) simulator() *simulate.Simulator {
	return simulate.New(simulate.Config{
		Bundles: e, Decisions: e, Stacks: e, Door: e, Planner: e,
		Now: func() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) },
	})
}

func (e *estate) simulate(t *testing.T, r aegis.SimulationRequest) aegis.Simulation {
	t.Helper()
	r.Modules = map[string]string{"acme/x.rego": "package x"}
	report, err := e.simulator().Simulate(t.Context(), r)
	require.NoError(t, err)
	return report
}

func noBuckets() *estate { return &estate{candidate: deny("no_buckets", "aws_s3_bucket")} }

func TestSimulate(t *testing.T) {
	t.Parallel()

	t.Run("judges 30 days when nothing is named", func(t *testing.T) {
		t.Parallel()
		e := noBuckets()
		c := recorded(t, nothing, input("cs-1", resource("a.b.c", "aws_s3_bucket")))
		e.decisions = []aegis.Decision{{DecisionID: "dec-1", ChangeSetID: "cs-1", StackIDs: c.StackIDs, Input: c.Input, Result: *c.Recorded}}
		report := e.simulate(t, aegis.SimulationRequest{})
		require.Equal(t, 1, report.Totals.NewlyDenied)
		require.Equal(t, time.Date(2026, time.January, 30, 12, 0, 0, 0, time.UTC), e.since)
	})

	t.Run("tells of change sets without a decision", func(t *testing.T) {
		t.Parallel()
		e := noBuckets()
		report := e.simulate(t, aegis.SimulationRequest{ChangeSetIDs: []string{"cs-9"}})
		require.Zero(t, report.Evaluated)
		require.Equal(t, "not_found", report.Errors[0].Code)
		require.Equal(t, "cs-9", report.Errors[0].ChangeSetID)
		require.Zero(t, e.since, "of all time")
	})

	t.Run("judges live stacks, and names those that it can't", func(t *testing.T) {
		t.Parallel()
		report := noBuckets().simulate(t, aegis.SimulationRequest{Live: true})
		require.Equal(t, 1, report.Evaluated)
		require.Equal(t, "a.b.c", report.NewlyDenied[0].StackID)
		require.Equal(t, 1, report.Totals.Errors)
		require.Equal(t, "a.b.broken", report.Errors[0].StackID)
	})

	t.Run("says what both think of a diff", func(t *testing.T) {
		t.Parallel()
		report := noBuckets().simulate(t, aegis.SimulationRequest{Diff: []aegis.ResourceChange{resource("a.b.c", "aws_s3_bucket")}})
		require.Len(t, report.Hypothetical, 1)
		require.True(t, report.Hypothetical[0].Running.Allowed)
		require.Equal(t, []string{"no_buckets"}, report.Hypothetical[0].Candidate.Codes)
		require.Equal(t, 1, report.Hypothetical[0].Resources)
	})

	t.Run("plans a goal", func(t *testing.T) {
		t.Parallel()
		report := noBuckets().simulate(t, aegis.SimulationRequest{Goal: &aegis.GoalSpec{Intent: "more"}})
		require.Equal(t, 1, report.Totals.NewlyDenied)
		require.Equal(t, "more buckets", report.Hypothetical[0].Summary)
		require.Equal(t, "Understood.", report.Notes[0])
		require.Contains(t, report.Notes[1], "changes no resource")
	})
}

func TestTheRunningBundleJudgesWithoutACandidate(t *testing.T) {
	t.Parallel()
	diff := []aegis.ResourceChange{{Address: "aws_s3_bucket::a", Type: "aws_s3_bucket", Action: aegis.ActionCreate}}
	report, err := noBuckets().simulator().Simulate(t.Context(), aegis.SimulationRequest{Diff: diff})
	require.NoError(t, err)
	require.Len(t, report.Hypothetical, 1)
	require.Zero(t, report.Totals.Errors)
}

func TestSimulateRefuses(t *testing.T) {
	t.Parallel()
	module := map[string]string{"a.rego": "package a"}
	for name, c := range map[string]struct {
		request aegis.SimulationRequest
		field   string
	}{
		"no candidate":           {aegis.SimulationRequest{Since: "1h"}, "modules"},
		"two candidates":         {aegis.SimulationRequest{Modules: module, Bundle: []byte("x")}, "bundle"},
		"a path out of the tree": {aegis.SimulationRequest{Modules: map[string]string{"../a.rego": ""}}, "modules"},
		"a file that is no Rego": {aegis.SimulationRequest{Modules: map[string]string{"a.txt": ""}}, "modules"},
		"a time without a unit":  {aegis.SimulationRequest{Modules: module, Since: "30"}, "since"},
		"a time to come":         {aegis.SimulationRequest{Modules: module, Since: "-1h"}, "since"},
		"an unknown action":      {aegis.SimulationRequest{Modules: module, Diff: []aegis.ResourceChange{{Address: "a", Type: "b", Action: "burn"}}}, "diff.0.action"},
		"a goal without words":   {aegis.SimulationRequest{Modules: module, Goal: &aegis.GoalSpec{}}, "goal.intent"},
		"a goal without sense":   {aegis.SimulationRequest{Modules: module, Goal: &aegis.GoalSpec{Intent: "nonsense"}}, "goal.intent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := noBuckets().simulator().Simulate(t.Context(), c.request)
			invalid, ok := errors.AsType[*aegis.InvalidError](err)
			require.True(t, ok, err)
			require.Equal(t, c.field, invalid.Faults[0].Field)
		})
	}
}

func TestFaultsOfRegoHaveAPlace(t *testing.T) {
	t.Parallel()
	_, parseErr := ast.ParseModule("acme/pace.rego", "package aegis.gate\n\ndeny contains {\n")
	require.Error(t, parseErr)
	e := &estate{candidate: nothing, refuse: parseErr}
	_, err := e.simulator().Simulate(t.Context(), aegis.SimulationRequest{Modules: map[string]string{"acme/pace.rego": ""}})
	invalid, ok := errors.AsType[*aegis.InvalidError](err)
	require.True(t, ok, err)
	require.Regexp(t, `^acme/pace\.rego:\d+:\d+: rego_parse_error: `, invalid.Faults[0].Message)
}

func TestLoopsEndTheSimulation(t *testing.T) {
	t.Parallel()
	e := noBuckets()
	c := recorded(t, nothing, input("cs-1", resource("a.b.c", "aws_vpc")))
	for range 100 {
		e.decisions = append(e.decisions, aegis.Decision{ChangeSetID: "cs-1", Input: c.Input, Result: *c.Recorded})
	}
	e.candidate = func(aegis.GateInput) aegis.GateResult {
		return aegis.GateResult{Deny: []aegis.RuleResult{{Code: policies.CodeTimeout, Msg: "too slow"}}}
	}
	_, err := e.simulator().Simulate(t.Context(), aegis.SimulationRequest{Modules: map[string]string{"loop.rego": ""}})
	invalid, ok := errors.AsType[*aegis.InvalidError](err)
	require.True(t, ok, err)
	require.Contains(t, invalid.Faults[0].Message, "20 of 20 decisions ran out of time")
}

func TestOneSimulationAtATime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	e := noBuckets()
	started := make(chan struct{})
	e.candidate = func(in aegis.GateInput) aegis.GateResult {
		close(started)
		<-ctx.Done()
		return nothing(in)
	}
	s := e.simulator()
	request := aegis.SimulationRequest{
		Modules: map[string]string{"a.rego": ""}, Diff: []aegis.ResourceChange{resource("a.b.c", "aws_vpc")},
	}
	first := make(chan error, 1)
	go func() {
		_, err := s.Simulate(ctx, request)
		first <- err
	}()
	<-started
	impatient, stop := context.WithCancel(t.Context())
	stop()
	_, err := s.Simulate(impatient, request)
	require.ErrorIs(t, err, context.Canceled)
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
}
