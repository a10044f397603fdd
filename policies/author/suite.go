package author

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// suite is what OPA's runner needs.
type suite struct {
	modules map[string]*ast.Module
	store   storage.Store
	// only are the tests that run; none means all.
	only []ast.Ref
}

func load(files archive.Files) (*suite, error) {
	modules, data, err := parsed(files)
	if err != nil {
		return nil, err
	}
	return &suite{modules: modules, store: inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))}, nil
}

// choose leaves tests in the chosen files only, and says whether there are
// any. Other rules stay, since tests share fixtures.
func (s *suite) choose(chosen func(name string) bool) bool {
	some := false
	for name, module := range s.modules {
		if chosen(name) {
			some = some || slices.ContainsFunc(module.Rules, isTest)
			continue
		}
		module.Rules = slices.DeleteFunc(module.Rules, isTest)
	}
	return some
}

// isTest says that OPA takes a rule for a test.
func isTest(rule *ast.Rule) bool {
	return slices.ContainsFunc(rule.Head.Ref().GroundPrefix(), func(t *ast.Term) bool {
		part := strings.Trim(t.Value.String(), `"`)
		return strings.HasPrefix(part, tester.TestPrefix) || strings.HasPrefix(part, tester.SkipTestPrefix)
	})
}

// run runs the tests and collects all results.
func (s *suite) run(ctx context.Context, o TestOptions, covered *cover.Cover) ([]*tester.Result, error) {
	runner, err := s.runner(o)
	if err != nil {
		return nil, err
	}
	if covered != nil {
		// Only what ran counts, not what would have without OPA's index.
		runner.SetCoverageRuns(nil).SetCoverageQueryTracer(covered)
	} else {
		runner.EnableTracing(true)
	}
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, fmt.Errorf("test policies: %w", err)
	}
	defer s.store.Abort(context.WithoutCancel(ctx), txn)
	results, err := runner.RunTests(ctx, txn)
	if err != nil {
		return nil, fmt.Errorf("test policies: %w", err)
	}
	var all []*tester.Result
	for r := range results {
		all = append(all, r)
	}
	return all, nil
}

func (s *suite) runner(o TestOptions) (*tester.Runner, error) {
	if _, err := regexp.Compile(o.Run); err != nil {
		return nil, fmt.Errorf("choose tests: %w", err)
	}
	compiler, err := policies.NewCompiler()
	if err != nil {
		return nil, err
	}
	copies := make(map[string]*ast.Module, len(s.modules))
	for name, module := range s.modules {
		copies[name] = module.Copy()
	}
	return tester.NewRunner().SetCompiler(compiler.WithEnablePrintStatements(true)).SetModules(copies).SetStore(s.store).
		SetPrefixMatchers(s.only...).Filter(o.Run).SetTimeout(o.PerTest).RaiseBuiltinErrors(true), nil
}

// explain adds to failed tests which of their lines failed. For that they run
// once more, traced.
func (s *suite) explain(ctx context.Context, o TestOptions, results []TestResult) error {
	again := &suite{modules: s.modules, store: s.store}
	for _, r := range results {
		if r.Outcome == OutcomeFailed && r.Message == "" && len(again.only) < mostErrors {
			if ref, err := ast.ParseRef(r.Package + "." + r.Name); err == nil {
				again.only = append(again.only, ref)
			}
		}
	}
	if len(again.only) == 0 {
		return nil
	}
	traced, err := again.run(ctx, o, nil)
	if err != nil {
		return err
	}
	why := map[string]string{}
	for _, r := range traced {
		if r.Fail {
			why[r.Package+"."+r.Name] = failure(r)
		}
	}
	for i, r := range results {
		if r.Outcome == OutcomeFailed && r.Message == "" {
			results[i].Message = cmp.Or(why[r.Package+"."+r.Name], "it is false or undefined")
		}
	}
	return nil
}

// failure is the last line of the test's own file that was not true.
func failure(r *tester.Result) string {
	for _, event := range slices.Backward(r.Trace) {
		if event.Op != topdown.FailOp || event.Location == nil || event.Location.File != r.Location.File {
			continue
		}
		line, _, _ := strings.Cut(string(event.Location.Text), "\n")
		return fmt.Sprintf("line %d is not true: %s", event.Location.Row, line)
	}
	return ""
}

func resultOf(r *tester.Result) TestResult {
	out := TestResult{
		Package: r.Package, Name: r.Name, Outcome: OutcomePassed, Output: string(r.Output),
		DurationMS: float64(r.Duration.Microseconds()) / 1000,
	}
	if at := r.Location; at != nil {
		out.File, out.Line, out.Column = strings.TrimPrefix(at.File, "/"), at.Row, at.Col
	}
	switch {
	case r.Skip:
		out.Outcome = OutcomeSkipped
	case r.Error != nil:
		out.Outcome, out.Message = OutcomeErrored, r.Error.Error()
		if out.TimedOut = isTimeout(r.Error); out.TimedOut {
			out.Message = "it did not end in time"
		}
	case r.Fail:
		out.Outcome = OutcomeFailed
	}
	return out
}
