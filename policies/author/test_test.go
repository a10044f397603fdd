package author_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

func base(t *testing.T) archive.Files {
	t.Helper()
	files, err := policies.Embedded()
	require.NoError(t, err)
	return files
}

// composed adds files, by path and text, to the embedded bundle.
func composed(t *testing.T, pairs ...string) archive.Files {
	t.Helper()
	files, err := archive.Compose(base(t), bundle(pairs...))
	require.NoError(t, err)
	return files
}

func bundle(pairs ...string) archive.Files {
	files := archive.Files{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = []byte(pairs[i+1])
	}
	return files
}

// patient lets tests end on a busy machine with the race detector.
func patient(o author.TestOptions) author.TestOptions {
	o.PerTest, o.Total = 5*time.Minute, 10*time.Minute
	return o
}

const freeze = `package aegis.gate

# METADATA
# title: Freeze
# description: Nothing changes.
# custom:
#   code: freeze
#   severity: high
#   remediation: Wait.
deny contains {"code": "freeze", "msg": "nothing changes", "address": ""}

never if {
	input.actor == "nobody"
	input.source == "goal"
}
`

const freezeTests = `package aegis.freeze_test

import data.aegis.fixtures
import data.aegis.gate

test_denies if "freeze" in fixtures.denied(fixtures.given({}))

test_fails if {
	print("asking")
	x := 1
	x == 2
}

test_errs if json.unmarshal("{") == 1

todo_test_later if false

test_fails if gate.never
`

func TestOfWhatIsTested(t *testing.T) {
	t.Parallel()
	files := composed(t, "acme/freeze.rego", freeze, "acme/freeze_test.rego", freezeTests)
	report, err := author.Test(t.Context(), files, patient(author.TestOptions{Base: base(t)}))
	require.NoError(t, err)
	got := map[string]string{}
	for _, r := range report.Tests {
		require.Equal(t, "acme/freeze_test.rego", r.File)
		got[r.Name] = string(r.Outcome)
	}
	require.Equal(t, map[string]string{
		"test_denies": "passed", "test_fails": "failed", "test_fails#01": "failed", "test_errs": "errored", "todo_test_later": "skipped",
	}, got)
	require.Equal(t, [4]int{1, 2, 1, 1}, [4]int{report.Passed, report.Failed, report.Errored, report.Skipped})

	failed := report.Tests[1]
	require.Equal(t, "acme/freeze_test.rego:8:1: aegis.freeze_test.test_fails: line 11 is not true: x == 2", failed.String())
	require.Equal(t, "asking\n", failed.Output)
	require.Contains(t, report.Tests[2].Message, "json.unmarshal")

	require.Len(t, report.Coverage.Files, 1, "what the base has is not counted")
	of := report.Coverage.Files[0]
	require.Equal(t, "acme/freeze.rego", of.File)
	require.Equal(t, [][2]int{{12, 14}}, of.Missed)
	require.InDelta(t, 25, of.Percent, 0.01)
}

func TestRunChoosesTests(t *testing.T) {
	t.Parallel()
	files := composed(t, "acme/freeze.rego", freeze, "acme/freeze_test.rego", freezeTests)
	report, err := author.Test(t.Context(), files, author.TestOptions{Base: base(t), Run: `freeze_test\.test_denies$`})
	require.NoError(t, err)
	require.Len(t, report.Tests, 1)
	_, err = author.Test(t.Context(), files, author.TestOptions{Run: "("})
	require.ErrorContains(t, err, "choose tests: error parsing regexp")
}

func TestTestsOfTheBase(t *testing.T) {
	t.Parallel()
	t.Run("pass", func(t *testing.T) {
		t.Parallel()
		report, err := author.Test(t.Context(), base(t), patient(author.TestOptions{}))
		require.NoError(t, err)
		require.Greater(t, report.Passed, 100)
		require.Zero(t, report.Failed+report.Errored)
		require.Greater(t, report.Coverage.Percent, 95.0)
	})
	t.Run("are no reason against a freeze or a limit", func(t *testing.T) {
		t.Parallel()
		files := composed(t, "acme/freeze.rego", freeze, "data.json", `{"aegis": {"settings": {"packs": {"tagging": "off"}, "max_changes": 1}}}`)
		report, err := author.Test(t.Context(), files, patient(author.TestOptions{Base: base(t)}))
		require.NoError(t, err)
		require.Empty(t, report.Tests)
	})
	t.Run("hold for modules that replace the base's", func(t *testing.T) {
		t.Parallel()
		files := composed(t, "acme/freeze.rego", freeze, "data.json", `{"aegis": {"settings": {"max_changes": 1}}}`,
			"aegis/packs/blast_radius/pack.rego", "package aegis.packs.blast_radius\n")
		report, err := author.Test(t.Context(), files, patient(author.TestOptions{Base: base(t)}))
		require.NoError(t, err)
		require.Greater(t, report.Passed, 100)
		require.NotZero(t, report.Failed)
		for _, r := range report.Tests {
			if r.Outcome == author.OutcomeFailed {
				require.Contains(t, r.File, "_test.rego")
				require.NotContains(t, r.File, "cost")
			}
		}
	})
	t.Run("pass where the replacement does the same", func(t *testing.T) {
		t.Parallel()
		same := string(base(t)["aegis/packs/blast_radius/pack.rego"]) + "\n# The same.\n"
		files := composed(t, "acme/freeze.rego", freeze, "aegis/packs/blast_radius/pack.rego", same)
		report, err := author.Test(t.Context(), files, patient(author.TestOptions{Base: base(t)}))
		require.NoError(t, err)
		require.Zero(t, report.Failed+report.Errored)
	})
}

const loops = `package aegis.acme_test

test_loops if count([1 | some x in numbers.range(1, 100000); some y in numbers.range(1, 100000); x == y + 1000000]) == 1

test_ends if true
`

func TestLoopsEnd(t *testing.T) {
	t.Parallel()
	files := composed(t, "acme/loops_test.rego", loops)
	report, err := author.Test(t.Context(), files, author.TestOptions{Base: base(t), PerTest: 3 * time.Second, Total: 10 * time.Minute})
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 1}, [2]int{report.Passed, report.Errored})
	require.True(t, report.Tests[0].TimedOut)

	_, err = author.Test(t.Context(), files, author.TestOptions{Base: base(t), Total: 50 * time.Millisecond})
	require.ErrorIs(t, err, author.ErrTestsTooSlow)
}
