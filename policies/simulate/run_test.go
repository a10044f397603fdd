package simulate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/simulate"
)

// judge denies by functions of the input.
type judge func(in aegis.GateInput) aegis.GateResult

func (j judge) Replay(_ context.Context, document json.RawMessage) (aegis.GateResult, error) {
	var in aegis.GateInput
	if err := json.Unmarshal(document, &in); err != nil {
		return aegis.GateResult{}, err
	}
	return j(in), nil
}

func (judge) Revision() string { return "fake" }

func nothing(aegis.GateInput) aegis.GateResult { return aegis.GateResult{Deny: []aegis.RuleResult{}} }

// deny names a rule for every resource of a type.
func deny(code, kind string) judge {
	return func(in aegis.GateInput) aegis.GateResult {
		r := nothing(in)
		for _, c := range in.Diff {
			if c.Type == kind {
				r.Deny = append(r.Deny, aegis.RuleResult{Code: code, Msg: "no " + kind, Address: c.Address})
			}
		}
		return r
	}
}

func input(id string, changes ...aegis.ResourceChange) aegis.GateInput {
	return aegis.GateInput{ChangeSet: aegis.GateChangeSet{ChangeSetID: id}, Diff: changes}
}

func resource(stack, kind string) aegis.ResourceChange {
	return aegis.ResourceChange{StackID: stack, Address: kind + "::" + stack, Type: kind, Action: aegis.ActionCreate}
}

// recorded is a case as the judge decided it.
func recorded(t require.TestingT, j judge, in aegis.GateInput) simulate.Case {
	document, err := json.Marshal(in)
	require.NoError(t, err)
	c := simulate.Case{DecisionID: "dec-" + in.ChangeSet.ChangeSetID, ChangeSetID: in.ChangeSet.ChangeSetID, Input: document}
	for _, change := range in.Diff {
		c.StackIDs = append(c.StackIDs, change.StackID)
	}
	result := j(in)
	c.Recorded = &result
	return c
}

func cases(list ...simulate.Case) iter.Seq2[simulate.Case, error] {
	return func(yield func(simulate.Case, error) bool) {
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func run(t *testing.T, o simulate.Options, list ...simulate.Case) aegis.Simulation {
	t.Helper()
	report, err := simulate.Run(t.Context(), o, cases(list...))
	require.NoError(t, err)
	return report
}

func TestRun(t *testing.T) {
	t.Parallel()
	both := input("cs-1", resource("a.b.c", "aws_instance"), resource("x.y.z", "aws_s3_bucket"))

	t.Run("names the stack that a rule is about", func(t *testing.T) {
		t.Parallel()
		r := run(t, simulate.Options{Running: judge(nothing), Candidate: deny("no_buckets", "aws_s3_bucket")}, recorded(t, nothing, both))
		require.Equal(t, 1, r.Evaluated)
		require.Equal(t, 1, r.Totals.NewlyDenied)
		require.Len(t, r.NewlyDenied, 1)
		require.Equal(t, "cs-1", r.NewlyDenied[0].ChangeSetID)
		require.Equal(t, "x.y.z", r.NewlyDenied[0].StackID)
		require.Equal(t, []string{"no_buckets"}, r.NewlyDenied[0].Codes)
		require.Equal(t, "no_buckets", r.ByRule[0].Code)
		require.Equal(t, 1, r.ByRule[0].NewlyDenied)
		require.Equal(t, "x.y.z", r.ByStack[0].StackID)
		require.Equal(t, "aws_s3_bucket", r.ByType[0].Type)
		require.Empty(t, r.NewlyAllowed)
		require.Empty(t, r.Errors)
	})

	t.Run("names the rules that denied what is allowed now", func(t *testing.T) {
		t.Parallel()
		r := run(t, simulate.Options{Running: judge(nothing), Candidate: judge(nothing)},
			recorded(t, deny("no_buckets", "aws_s3_bucket"), both))
		require.Equal(t, 1, r.Totals.NewlyAllowed)
		require.Equal(t, []string{"no_buckets"}, r.NewlyAllowed[0].Codes)
		require.Equal(t, 1, r.ByRule[0].NewlyAllowed)
	})

	t.Run("counts other reasons for what is denied either way", func(t *testing.T) {
		t.Parallel()
		r := run(t, simulate.Options{Running: judge(nothing), Candidate: deny("new", "aws_instance")},
			recorded(t, deny("old", "aws_s3_bucket"), both))
		require.Zero(t, r.Totals.NewlyDenied+r.Totals.NewlyAllowed)
		require.Equal(t, []aegis.RuleFlips{
			{Code: "new", AlsoDenies: 1, Examples: []aegis.SimulatedFlip{}},
			{Code: "old", NoLongerDenies: 1, Examples: []aegis.SimulatedFlip{}},
		}, r.ByRule)
	})

	t.Run("keeps what the door denies whatever policy says", func(t *testing.T) {
		t.Parallel()
		door := func(aegis.GateInput, aegis.GateResult) []aegis.RuleResult {
			return []aegis.RuleResult{{Code: "breaker_open", Msg: "it is open"}}
		}
		c := recorded(t, func(in aegis.GateInput) aegis.GateResult {
			r := nothing(in)
			r.Deny = door(in, r)
			return r
		}, both)
		r := run(t, simulate.Options{Running: judge(nothing), Candidate: judge(nothing), Forbidden: door}, c)
		require.Equal(t, 1, r.Totals.Unchanged)
	})

	t.Run("asks the running bundle about what was never decided", func(t *testing.T) {
		t.Parallel()
		c := recorded(t, nothing, both)
		c.Recorded = nil
		r := run(t, simulate.Options{Running: deny("old", "aws_instance"), Candidate: judge(nothing)}, c)
		require.Equal(t, 1, r.Totals.NewlyAllowed)
	})

	t.Run("tells changed terms of what both allow", func(t *testing.T) {
		t.Parallel()
		r := run(t, simulate.Options{Running: judge(nothing), Candidate: judge(func(in aegis.GateInput) aegis.GateResult {
			out := nothing(in)
			out.Require = aegis.Requirements{Canary: true, SoakSeconds: 60}
			return out
		})}, recorded(t, nothing, both))
		require.Equal(t, 1, r.Totals.CanaryAdded)
		require.Equal(t, 1, r.Totals.SoakLonger)
		require.Equal(t, aegis.Requirements{Canary: true, SoakSeconds: 60}, r.RequirementsChanged[0].After)
	})

	t.Run("counts a candidate without an answer as a denial and as an error", func(t *testing.T) {
		t.Parallel()
		r := run(t, simulate.Options{Running: judge(nothing), Candidate: judge(func(aegis.GateInput) aegis.GateResult {
			return aegis.GateResult{Deny: []aegis.RuleResult{{Code: policies.CodeTimeout, Msg: "too slow"}}}
		})}, recorded(t, nothing, both))
		require.Equal(t, 1, r.Totals.NewlyDenied)
		require.Equal(t, []aegis.SimulationFault{{
			DecisionID: "dec-cs-1", ChangeSetID: "cs-1", Code: policies.CodeTimeout, Message: "too slow",
		}}, r.Errors)
	})
}

func TestBadRecordsAreErrorsAndNoAbort(t *testing.T) {
	t.Parallel()
	good := recorded(t, nothing, input("cs-2", resource("a.b.c", "aws_instance")))
	report, err := simulate.Run(t.Context(), simulate.Options{Running: judge(nothing), Candidate: judge(nothing)},
		func(yield func(simulate.Case, error) bool) {
			_ = yield(simulate.Case{DecisionID: "dec-0"}, fmt.Errorf("inflate: %w", aegis.ErrBadRecord)) &&
				yield(simulate.Case{DecisionID: "dec-1", Input: []byte(`{"diff":`)}, nil) &&
				yield(good, nil)
		})
	require.NoError(t, err)
	require.Equal(t, 1, report.Evaluated)
	require.Equal(t, 2, report.Totals.Errors)
	require.Equal(t, "dec-0", report.Errors[0].DecisionID)
	require.Equal(t, "bad_record", report.Errors[1].Code)
}

func TestRunEndsWithItsSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	options := simulate.Options{Running: judge(nothing), Candidate: judge(nothing)}

	t.Run("when the source breaks", func(t *testing.T) {
		t.Parallel()
		_, err := simulate.Run(t.Context(), options, func(yield func(simulate.Case, error) bool) { yield(simulate.Case{}, broken) })
		require.ErrorIs(t, err, broken)
	})

	t.Run("when the context ends", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		c := recorded(t, nothing, input("cs", resource("a.b.c", "aws_instance")))
		_, err := simulate.Run(ctx, options, func(yield func(simulate.Case, error) bool) {
			for yield(c, nil) { // without an end of its own
				cancel()
			}
		})
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestReportDoesNotDependOnWhoIsFaster(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"aws_instance", "aws_s3_bucket", "aws_vpc"}), 0, 60).Draw(t, "kinds")
		var list []simulate.Case
		for i, kind := range kinds {
			stack := rapid.SampledFrom([]string{"a.b.c", "d.e.f"}).Draw(t, "stack")
			list = append(list, recorded(t, deny("old", "aws_vpc"), input(fmt.Sprint(i), resource(stack, kind))))
		}
		options := simulate.Options{Running: judge(nothing), Candidate: deny("new", "aws_instance"), Workers: 1}
		want, err := simulate.Run(context.Background(), options, cases(list...))
		require.NoError(t, err)
		options.Workers = 7
		got, err := simulate.Run(context.Background(), options, cases(list...))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, len(kinds), got.Evaluated)
		require.Equal(t, got.Evaluated, got.Totals.NewlyDenied+got.Totals.NewlyAllowed+got.Totals.Unchanged)
	})
}

func TestListsAreBoundedAndTotalsExact(t *testing.T) {
	t.Parallel()
	const n = 2500
	candidate := judge(func(in aegis.GateInput) aegis.GateResult {
		return aegis.GateResult{Deny: []aegis.RuleResult{{Code: "rule_" + in.ChangeSet.ChangeSetID, Msg: "no"}}}
	})
	var list []simulate.Case
	for i := range n {
		list = append(list, recorded(t, nothing, input(fmt.Sprint(i), resource(fmt.Sprintf("a.b.%d", i), "aws_vpc"))))
	}
	r := run(t, simulate.Options{Running: judge(nothing), Candidate: candidate}, list...)
	require.Equal(t, n, r.Totals.NewlyDenied)
	require.Len(t, r.NewlyDenied, 1000)
	require.Equal(t, "0", r.NewlyDenied[0].ChangeSetID, "the first of the stream come first")
	require.Len(t, r.ByRule, 1001)
	require.Equal(t, "(others)", r.ByRule[0].Code)
	require.Equal(t, n-1000, r.ByRule[0].NewlyDenied)
	require.LessOrEqual(t, len(r.ByRule[0].Examples), 5)
}
