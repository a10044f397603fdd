package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// freeze denies every change of a setting named thawed.
const freeze = `package aegis.gate

deny contains {"code": "settings_frozen", "msg": "settings are frozen", "address": change.address} if {
	some change in input.diff
	change.type == "aws_ssm_parameter"
	contains(change.address, data.acme.frozen)
}
`

// aegisCLI runs a verb against the shared estate and returns its output and
// exit code.
func aegisCLI(ctx context.Context, t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary(), args...)
	cmd.Env = env("AEGIS_URL="+estate.URL, "AEGIS_TOKEN="+estate.Token)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	require.NoError(t, err)
	return string(out), 0
}

// encoded is a value as JSON.
func encoded(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}

// TestCandidateIsJudgedOnHistory is about a region whose stack no bundle of other
// tests denies.
func TestCandidateIsJudgedOnHistory(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	c := client.New(estate.URL, estate.Token)
	g, sets := goal(ctx, t, estate.Process, aegis.GoalSpec{Intent: "set setting thawed to yes in ap-southeast-1"})
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
	changed := sets[0]
	stack := changed.Target.StackIDs[0]

	candidate := aegis.SimulationRequest{
		Modules: map[string]string{"acme/freeze.rego": freeze}, Data: map[string]any{"acme": map[string]any{"frozen": "thawed"}},
	}
	onHistory := candidate
	onHistory.Since = "720h"
	report, err := c.Simulate(ctx, onHistory)
	require.NoError(t, err)
	require.Positive(t, report.Evaluated)
	// What else differs is of the bundles of other tests.
	frozen := slices.DeleteFunc(slices.Clone(report.NewlyDenied), func(d aegis.SimulatedFlip) bool { return !slices.Contains(d.Codes, "settings_frozen") })
	require.Len(t, frozen, 1, "%+v", report.NewlyDenied)
	for _, allowed := range report.NewlyAllowed {
		require.NotEqual(t, changed.ChangeSetID, allowed.ChangeSetID)
	}
	require.Zero(t, report.Totals.Errors, "%+v", report.Errors)
	require.Equal(t, changed.ChangeSetID, frozen[0].ChangeSetID)
	require.Equal(t, changed.Target.StackIDs[0], frozen[0].StackID)
	require.Equal(t, []string{"settings_frozen"}, frozen[0].Codes)
	require.True(t, slices.ContainsFunc(report.ByType, func(flips aegis.TypeFlips) bool {
		return flips.Type == "aws_ssm_parameter" && flips.NewlyDenied > 0
	}), "%+v", report.ByType)

	t.Run("through the CLI, which fails a pipeline", func(t *testing.T) {
		t.Parallel()
		ctx := within(t)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "freeze.rego"), []byte(freeze), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "data.json"), []byte(`{"acme":{"frozen":"thawed"}}`), 0o600))
		out, code := aegisCLI(ctx, t, "policy", "simulate", "--bundle", dir, "--change-set", changed.ChangeSetID, "--fail-on", "newly-denied=0", "-o", "json")
		require.Equal(t, 3, code, out)
		var same aegis.Simulation
		require.NoError(t, json.Unmarshal([]byte(out), &same))
		require.Equal(t, frozen, same.NewlyDenied)
		out, code = aegisCLI(ctx, t, "policy", "simulate", "--bundle", dir, "--since", "720h")
		require.Zero(t, code, out)
		require.Contains(t, out, "settings_frozen")
	})

	t.Run("on a goal that is not proposed", func(t *testing.T) {
		t.Parallel()
		ctx := within(t)
		onGoal := candidate
		onGoal.Goal = &aegis.GoalSpec{Intent: "set setting thawed to no in ap-southeast-1"}
		report, err := c.Simulate(ctx, onGoal)
		require.NoError(t, err)
		require.Len(t, report.Hypothetical, 1)
		require.True(t, report.Hypothetical[0].Running.Allowed)
		require.Equal(t, []string{"settings_frozen"}, report.Hypothetical[0].Candidate.Codes)
		// Other tests change the stack meanwhile.
		after, err := c.ChangeSets(ctx, aegis.ChangeSetFilter{StackID: stack}, aegis.Page{Limit: 500})
		require.NoError(t, err)
		about := slices.DeleteFunc(after.Items, func(cs aegis.AutonomousChangeSet) bool {
			return !strings.Contains(string(encoded(t, cs.Patches)), `"thawed"`)
		})
		require.Len(t, about, 1)
		require.Equal(t, changed.ChangeSetID, about[0].ChangeSetID)
	})

	t.Run("on what stacks have now", func(t *testing.T) {
		t.Parallel()
		ctx := within(t)
		live := candidate
		live.Live = true
		report, err := c.Simulate(ctx, live)
		require.NoError(t, err)
		var stacks []string
		for _, f := range report.NewlyDenied {
			stacks = append(stacks, f.StackID)
		}
		require.Equal(t, changed.Target.StackIDs, stacks)
	})

	t.Run("naming the place of a fault", func(t *testing.T) {
		t.Parallel()
		ctx := within(t)
		_, err := c.Simulate(ctx, aegis.SimulationRequest{Modules: map[string]string{"acme/freeze.rego": "package aegis.gate\n\ndeny contains x if y"}})
		refused, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, err)
		require.Contains(t, refused.Fields[0].Message, "acme/freeze.rego:3:")
	})
}
