package policies

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"
)

// rulesPage has the tables of the rules between two markers.
const rulesPage = "../docs/policies.md"

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	rules, err := Rules()
	require.NoError(t, err)
	var documented []string
	for _, r := range rules {
		require.NotEmpty(t, r.Title, r.Code)
		require.NotEmpty(t, r.Description, r.Code)
		require.NotEmpty(t, r.Remediation, r.Code)
		require.NotEmpty(t, r.Pack, r.Code)
		require.Contains(t, []string{"low", "medium", "high", "critical"}, r.Severity, r.Code)
		require.Contains(t, []string{"deny", "warn", "require"}, r.Effect, r.Code)
		for _, control := range r.Controls {
			require.Regexp(t, `^(FSBP:[A-Za-z0-9]+\.[0-9]+|CIS-3\.0\.0:[1-5](\.[0-9]+){1,2})$`, control, r.Code)
		}
		documented = append(documented, r.Code)
	}
	slices.Sort(documented)
	require.GreaterOrEqual(t, len(documented), 60)
	require.Equal(t, slices.Compact(slices.Clone(documented)), documented, "a code belongs to one rule")
	require.Equal(t, codesUsed(t), documented)
}

// codesUsed are the codes in the heads of the rules of all packs: the first
// argument of finding and of what makes requirements.
func codesUsed(t *testing.T) (codes []string) {
	t.Helper()
	b, err := readBundle("")
	require.NoError(t, err)
	for _, m := range b.Modules {
		if !strings.HasPrefix(m.Parsed.Package.Path.String(), packsPath) {
			continue
		}
		for _, rule := range m.Parsed.Rules {
			if rule.Head.Key == nil {
				continue
			}
			call, isCall := rule.Head.Key.Value.(ast.Call)
			if !isCall {
				continue
			}
			if code, isText := call[1].Value.(ast.String); isText {
				codes = append(codes, string(code))
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func TestEveryPackHasASwitch(t *testing.T) {
	t.Parallel()
	packs, err := Packs()
	require.NoError(t, err)
	b, err := readBundle("")
	require.NoError(t, err)
	root, _ := b.Data["aegis"].(map[string]any)
	settings, _ := root["settings"].(map[string]any)
	switches, _ := settings["packs"].(map[string]any)
	var names []string
	for _, p := range packs {
		require.NotEmpty(t, p.Title, p.Name)
		require.NotEmpty(t, p.Description, p.Name)
		require.NotEmpty(t, p.Rules, p.Name)
		names = append(names, p.Name)
	}
	require.Equal(t, slices.Sorted(maps.Keys(switches)), names)
}

// Run with AEGIS_UPDATE=1 to write the tables anew.
func TestDocsListEveryRule(t *testing.T) {
	t.Parallel()
	packs, err := Packs()
	require.NoError(t, err)
	page, err := os.ReadFile(rulesPage)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), "<!-- rules -->\n")
	require.True(t, found)
	_, after, found := strings.Cut(rest, "<!-- /rules -->\n")
	require.True(t, found)
	want := before + "<!-- rules -->\n" + tables(packs) + "<!-- /rules -->\n" + after
	if os.Getenv("AEGIS_UPDATE") != "" {
		require.NoError(t, os.WriteFile(rulesPage, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(page))
}

// tables is the documentation of the packs in Markdown.
func tables(packs []Pack) string {
	var out strings.Builder
	for _, p := range packs {
		fmt.Fprintf(&out, "\n### %s: `%s`\n\n%s\n\n", p.Title, p.Name, p.Description)
		out.WriteString("| code | effect | severity | what | remedy | controls |\n|---|---|---|---|---|---|\n")
		for _, r := range p.Rules {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s | %s |\n",
				r.Code, r.Effect, r.Severity, r.Title, r.Remediation, strings.Join(r.Controls, ", "))
		}
	}
	out.WriteString("\n")
	return out.String()
}
