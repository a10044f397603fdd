package policies_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

func calling(name string, effect aegis.ToolEffect) aegis.ToolInput {
	return aegis.ToolInput{
		Agent: aegis.ToolAgent{Name: "planner"}, Goal: aegis.ToolGoal{GoalID: "goal-1", Submitter: "ann"},
		Tool: aegis.ToolFacts{Name: name, Effect: effect, Scope: "estate", Source: "aegis"},
	}
}

func TestPermitTool(t *testing.T) {
	t.Parallel()
	gate := newGate(t, policies.Options{})
	granted, err := gate.PermitTool(t.Context(), calling("list_stacks", aegis.ToolReads))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"list_stacks": -1}, granted.ToolAllowances)

	_, err = gate.PermitTool(t.Context(), calling("fetch", aegis.ToolFetches))
	require.EqualError(t, err, "no_hosts: agent planner names no hosts to fetch from")
	in := calling("fetch", aegis.ToolFetches)
	in.Agent.Hosts = []string{"*.corp.example"}
	granted, err = gate.PermitTool(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 20, granted.ToolAllowances["fetch"])
	require.Equal(t, []string{"*.corp.example"}, granted.NetworkScope.Hosts)

	_, err = gate.PermitTool(t.Context(), calling("python", aegis.ToolRuns))
	require.ErrorContains(t, err, "tool_not_named")
	limited := newGate(t, policies.Options{Data: map[string]any{"agents": map[string]any{"tools": map[string]any{"list_stacks": 2}}}})
	granted, err = limited.PermitTool(t.Context(), calling("list_stacks", aegis.ToolReads))
	require.NoError(t, err)
	require.Equal(t, 2, granted.ToolAllowances["list_stacks"])
}

func TestPermitToolDeniesWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	const gatePackage = "package aegis.gate\nimport rego.v1\ndeny := set()\n"
	for name, test := range map[string]struct{ agents, reason string }{
		"without the package":  {"", "lacks package aegis.agents"},
		"undefined":            {"package aegis.agents\nimport rego.v1\ndeny contains 1 if false\n", "undefined"},
		"undefined deny":       {"package aegis.agents\nimport rego.v1\nexecution_policy := {}\n", "undefined"},
		"of the wrong type":    {"package aegis.agents\nimport rego.v1\ndeny := set()\nexecution_policy := 1\n", "decode"},
		"with unknown fields":  {"package aegis.agents\nimport rego.v1\ndeny := set()\nexecution_policy := {\"all\": true}\n", "decode"},
		"that fails":           {"package aegis.agents\nimport rego.v1\ndeny := set()\nexecution_policy := {\"x\": 1 / (input.used)}\n", "evaluate policy"},
		"that conflicts":       {"package aegis.agents\nimport rego.v1\ndeny := set()\nexecution_policy := x if some x in [{}, {\"tool_allowances\": {}}]\n", "evaluate policy"},
		"that takes too long":  {"package aegis.agents\nimport rego.v1\ndeny := set()\nexecution_policy := {} if {\n\tnumbers.range(1, 20000)[a] + numbers.range(1, 20000)[b] < 0\n}\n", "evaluate policy"},
		"that denies itself":   {"package aegis.agents\nimport rego.v1\ndeny contains {\"code\": \"no\", \"msg\": \"never\"}\nexecution_policy := {}\n", "no: never"},
		"that has odd denials": {"package aegis.agents\nimport rego.v1\ndeny contains \"no\"\nexecution_policy := {}\n", "decode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"gate.rego": {Data: []byte(gatePackage)}}
			if test.agents != "" {
				files["agents.rego"] = &fstest.MapFile{Data: []byte(test.agents)}
			}
			read, err := archive.ReadFS(files, archive.DefaultLimits())
			require.NoError(t, err)
			gate, err := policies.Load(t.Context(), read, policies.Options{Timeout: 300 * time.Millisecond})
			require.NoError(t, err)
			granted, err := gate.PermitTool(t.Context(), calling("list_stacks", aegis.ToolReads))
			require.ErrorContains(t, err, test.reason)
			require.Empty(t, granted)
		})
	}
	_, err := (*policies.Gate)(nil).PermitTool(t.Context(), calling("list_stacks", aegis.ToolReads))
	require.ErrorContains(t, err, "no policy bundle is loaded")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newGate(t, policies.Options{}).PermitTool(ended, calling("list_stacks", aegis.ToolReads))
	require.ErrorIs(t, err, context.Canceled)
}

func TestModulesOfOnesOwnAddToTheRules(t *testing.T) {
	t.Parallel()
	files, err := policies.Embedded()
	require.NoError(t, err)
	files["acme/agents.rego"] = []byte("package aegis.agents\n\n" +
		"deny contains {\"code\": \"night\", \"msg\": \"not for ann\"} if input.goal.submitter == \"ann\"\n\nlimits contains 7 if input.tool.name == \"list_drift\"\n")
	gate, err := policies.Load(t.Context(), files, policies.Options{})
	require.NoError(t, err)
	_, err = gate.PermitTool(t.Context(), calling("list_stacks", aegis.ToolReads))
	require.EqualError(t, err, "night: not for ann")
	in := calling("list_drift", aegis.ToolReads)
	in.Goal.Submitter = "ben"
	granted, err := gate.PermitTool(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 7, granted.ToolAllowances["list_drift"])
}

func BenchmarkPermitTool(b *testing.B) {
	gate, err := policies.NewGate(b.Context(), policies.Options{})
	require.NoError(b, err)
	in := calling("list_stacks", aegis.ToolReads)
	for b.Loop() {
		if _, err := gate.PermitTool(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
