package policies

import (
	"os"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"
)

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	rules, err := Rules()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(rules), 25)
	var documented []string
	for _, r := range rules {
		require.NotEmpty(t, r.Title, r.Code)
		require.NotEmpty(t, r.Description, r.Code)
		require.NotEmpty(t, r.Remediation, r.Code)
		require.Contains(t, []string{"low", "medium", "high", "critical"}, r.Severity, r.Code)
		require.Contains(t, []string{"deny", "warn"}, r.Effect, r.Code)
		documented = append(documented, r.Code)
	}
	used := codesUsed(t)
	slices.Sort(documented)
	require.Equal(t, used, slices.Compact(documented))
}

// codesUsed are the first arguments of the calls of finding in rule heads.
func codesUsed(t *testing.T) (codes []string) {
	t.Helper()
	b, err := readBundle("")
	require.NoError(t, err)
	for _, m := range b.Modules {
		ast.WalkTerms(m.Parsed, func(term *ast.Term) bool {
			call, ok := term.Value.(ast.Call)
			if ok && call[0].String() == "finding" {
				code, isText := call[1].Value.(ast.String)
				if isText {
					codes = append(codes, string(code))
				}
			}
			return false
		})
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func TestDocsListEveryRule(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/policies.md")
	require.NoError(t, err)
	rules, err := Rules()
	require.NoError(t, err)
	for _, r := range rules {
		require.Contains(t, string(page), "| `"+r.Code+"` | "+r.Effect+" | "+r.Severity+" | "+r.Title+" | "+r.Remediation+" |")
	}
}
