package policies

import (
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/stretchr/testify/require"
)

// minCoverage is the share of the bundle's lines, in percent, that its tests
// must run.
const minCoverage = 95

func TestRego(t *testing.T) {
	t.Parallel()
	modules, rules, data := bundleWithTests(t)
	compiler, err := NewCompiler()
	require.NoError(t, err)
	store := inmem.NewFromObject(data)
	txn, err := store.NewTransaction(t.Context())
	require.NoError(t, err)
	defer store.Abort(t.Context(), txn)
	coverage := cover.New()
	results, err := tester.NewRunner().SetModules(modules).SetStore(store).SetCoverageQueryTracer(coverage).
		RaiseBuiltinErrors(true).SetTimeout(time.Minute). // a busy machine is no fault of a rule
		SetCompiler(compiler.WithStrict(true)).
		RunTests(t.Context(), txn)
	require.NoError(t, err)
	ran := 0
	for r := range results {
		ran++
		if !r.Pass() {
			t.Errorf("%s: %s fails: %v", r.Location, r.Name, r.Error)
		}
	}
	require.Greater(t, ran, 40)
	report := coverage.Report(rules)
	require.GreaterOrEqual(t, report.Coverage, float64(minCoverage), uncovered(report))
}

// bundleWithTests parses the embedded bundle, rules being those of its modules
// that are no tests.
func bundleWithTests(t *testing.T) (modules, rules map[string]*ast.Module, data map[string]any) {
	t.Helper()
	files, err := bundleFiles("")
	require.NoError(t, err)
	b, err := parseBundle(files, func(string, fs.FileInfo, int) bool { return false })
	require.NoError(t, err)
	modules, rules = map[string]*ast.Module{}, map[string]*ast.Module{}
	for _, m := range b.Modules {
		modules[m.Path] = m.Parsed
		if !isTest(m.Path) {
			rules[m.Path] = m.Parsed
		}
	}
	require.Greater(t, len(modules), len(rules), "tests are embedded beside the rules")
	return modules, rules, b.Data
}

func uncovered(report cover.Report) string {
	text := ""
	for file, r := range report.Files {
		for _, gap := range r.NotCovered {
			text += fmt.Sprintf("%s:%d-%d is not covered\n", file, gap.Start.Row, gap.End.Row)
		}
	}
	return text
}
