package author

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// Bounds of tests unless TestOptions say otherwise.
const (
	// DefaultTestTimeout bounds one test, DefaultTestsTimeout all of them.
	DefaultTestTimeout  = 5 * time.Second
	DefaultTestsTimeout = 60 * time.Second
)

// ErrTestsTooSlow says that the tests did not end within their time.
var ErrTestsTooSlow = errors.New("the tests take too long")

// TestOptions say which tests run, and for how long.
type TestOptions struct {
	// Base is the bundle that the tested one was composed with, nil for none.
	// Of what both have, nothing is tested again; see Test.
	Base archive.Files
	// Run is a regular expression of the names of tests, with their packages,
	// that run; "" is all.
	Run string
	// PerTest and Total bound the time; 0 is the default.
	PerTest, Total time.Duration
}

// Outcome is what became of a test.
type Outcome string

// The outcomes.
const (
	OutcomePassed  Outcome = "passed"
	OutcomeFailed  Outcome = "failed"
	OutcomeErrored Outcome = "errored"
	OutcomeSkipped Outcome = "skipped"
)

// TestResult is what became of one test.
type TestResult struct {
	Package string `json:"package"`
	Name    string `json:"name"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	// Outcome is failed when the test is false or undefined, errored when it
	// could not be evaluated.
	Outcome Outcome `json:"outcome"`
	// Message says why it did not pass, beginning with the line.
	Message string `json:"message,omitempty"`
	// Output is what it printed.
	Output     string  `json:"output,omitempty"`
	DurationMS float64 `json:"duration_ms"`
	// TimedOut says that it errored because it did not end.
	TimedOut bool `json:"timed_out,omitempty"`
}

// String is "file:line:column: package.name: message".
func (r TestResult) String() string {
	return fmt.Sprintf("%s:%d:%d: %s.%s: %s", r.File, r.Line, r.Column, strings.TrimPrefix(r.Package, "data."), r.Name, r.Message)
}

// TestReport is what came of a bundle's tests, in the order of files and
// lines.
type TestReport struct {
	Tests    []TestResult `json:"tests"`
	Passed   int          `json:"passed"`
	Failed   int          `json:"failed"`
	Errored  int          `json:"errored"`
	Skipped  int          `json:"skipped"`
	Coverage Coverage     `json:"coverage"`
}

// Test runs the tests of a bundle as opa test would: rules test_… of all
// modules, todo_test_… being skipped. They run with policies.Capabilities, a
// failing built-in function is an error, and each ends when its time is up. An
// error is about the bundle, which Check explains better, about Run, or
// ErrTestsTooSlow.
//
// With a Base, what was changed is tested: its tests, and the coverage of its
// modules. The base's own tests hold for the base's rules under the base's
// settings, which a freeze, a new limit or another rule may well contradict.
// They run where modules of the base are replaced, with the data of the base
// and without what was added to the packages that decide.
func Test(ctx context.Context, files archive.Files, o TestOptions) (TestReport, error) {
	if o.PerTest <= 0 {
		o.PerTest = DefaultTestTimeout
	}
	if o.Total <= 0 {
		o.Total = DefaultTestsTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Total, fmt.Errorf("%w: more than %s", ErrTestsTooSlow, o.Total))
	defer cancel()
	run := &testRun{TestOptions: o, covered: cover.New()}
	if err := run.suite(ctx, files, func(name string) bool { return !o.common(files, name) }); err != nil {
		return TestReport{}, err
	}
	if replaces(o.Base, files) {
		reduced, err := replacements(o.Base, files)
		if err != nil {
			return TestReport{}, err
		}
		if err := run.suite(ctx, reduced, func(name string) bool { return o.common(files, name) }); err != nil {
			return TestReport{}, err
		}
	}
	if ctx.Err() != nil {
		return TestReport{}, fmt.Errorf("test policies: %w", context.Cause(ctx))
	}
	return run.report(files)
}

// common says that the base has a file too, just so.
func (o TestOptions) common(files archive.Files, name string) bool {
	base, has := o.Base[name]
	return has && string(base) == string(files[name])
}

// replaces says that a module of the base, other than one of tests, is
// another in files.
func replaces(base, files archive.Files) bool {
	return slices.ContainsFunc(base.Names(), func(name string) bool {
		text, has := files[name]
		return has && archive.IsModule(name) && !archive.IsTest(name) && string(text) != string(base[name])
	})
}

// replacements are the base with the modules that replace its own, and with
// those that these may need.
func replacements(base, files archive.Files) (archive.Files, error) {
	reduced := maps.Clone(files)
	for name, text := range files {
		_, replaced := base[name]
		if !archive.IsModule(name) || replaced {
			continue
		}
		module, err := ast.ParseModule(name, string(text))
		if err != nil {
			return nil, fmt.Errorf("test policies: %w", err)
		}
		path := module.Package.Path.String()
		if archive.IsTest(name) || path == gatePackage || strings.HasPrefix(path, packsPackage) {
			delete(reduced, name)
		}
	}
	maps.DeleteFunc(reduced, func(name string, _ []byte) bool { return name == archive.ManifestName })
	data := archive.Files{}
	for name, text := range base {
		if archive.IsData(name) {
			data[name] = text
		}
	}
	return archive.Compose(reduced, data)
}

// testRun collects the results of suites.
type testRun struct {
	TestOptions

	covered *cover.Cover
	results []TestResult
}

// suite runs those tests of files that are in the chosen modules.
func (t *testRun) suite(ctx context.Context, files archive.Files, chosen func(name string) bool) error {
	s, err := load(files)
	if err != nil {
		return err
	}
	if !s.choose(chosen) {
		return nil
	}
	found, err := s.run(ctx, t.TestOptions, t.covered)
	if err != nil {
		return err
	}
	for _, r := range found {
		t.results = append(t.results, resultOf(r))
	}
	return s.explain(ctx, t.TestOptions, t.results)
}

func (t *testRun) report(files archive.Files) (TestReport, error) {
	slices.SortFunc(t.results, func(x, y TestResult) int {
		return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line, strings.Compare(x.Name, y.Name))
	})
	coverage, err := t.coverage(files)
	report := TestReport{Tests: t.results, Coverage: coverage}
	if report.Tests == nil {
		report.Tests = []TestResult{}
	}
	for _, r := range t.results {
		switch r.Outcome {
		case OutcomePassed:
			report.Passed++
		case OutcomeFailed:
			report.Failed++
		case OutcomeErrored:
			report.Errored++
		case OutcomeSkipped:
			report.Skipped++
		}
	}
	return report, err
}

// isTimeout says that an error of OPA is about the time.
func isTimeout(err error) bool {
	return topdown.IsCancel(err) || errors.Is(err, context.DeadlineExceeded)
}

// parsed are the modules of files by path, compiled by nobody.
func parsed(files archive.Files) (map[string]*ast.Module, map[string]any, error) {
	b, err := files.Parse(policies.Capabilities(), nil)
	if err != nil {
		return nil, nil, err
	}
	modules := make(map[string]*ast.Module, len(b.Modules))
	for _, m := range b.Modules {
		modules[m.Path] = m.Parsed
	}
	return modules, b.Data, nil
}
