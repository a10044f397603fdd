package agent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/stacks"
)

// vocabulary is what random intents are made of.
func vocabulary() []string {
	var words []string
	for _, in := range agent.Intents() {
		for _, example := range in.Examples {
			words = append(words, strings.Fields(example)...)
		}
	}
	return append(words, "and", ";", ",", "everywhere", "not", "-1", "0", "999999999999", `"`, "'", "%", "2x", "halve", "except")
}

// goalText is an example, examples joined, or a salad of their words.
func goalText() *rapid.Generator[string] {
	words := vocabulary()
	var examples []string
	for _, in := range agent.Intents() {
		examples = append(examples, in.Examples...)
	}
	return rapid.OneOf(
		rapid.SampledFrom(examples),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom(examples), 1, 4), func(s []string) string { return strings.Join(s, " and ") }),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom(words), 1, 12), func(s []string) string { return strings.Join(s, " ") }),
		rapid.String(),
	)
}

func TestAnyTextPlansValidPatchesOrFails(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		text := goalText().Draw(t, "intent")
		goal, sets := w.submit(t, aegis.GoalSpec{Intent: text})
		if goal.State == aegis.GoalFailed {
			require.Empty(t, sets)
			require.NotEmpty(t, goal.Error)
			return
		}
		require.Equal(t, len(sets) > 0, goal.State == aegis.GoalRunning)
		for _, cs := range sets {
			for _, p := range cs.Patches {
				spec := w.revisions[p.StackID].Spec
				spec.Parameters = w.after(t, goal.GoalID, p.StackID)
				require.NoError(t, stacks.Validate(spec))
				require.NotEqual(t, `{}`, string(p.MergePatch))
			}
		}
	})
}

func TestScalingTwiceIsScalingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		n := rapid.IntRange(1, 200).Draw(t, "n")
		verb := rapid.SampledFrom([]string{"scale the runtime to %d nodes", "at least %d nodes", "cap the runtime at %d nodes", "%d nodes"}).Draw(t, "verb")
		text := fmt.Sprintf(verb, n)
		first, _ := w.submit(t, aegis.GoalSpec{Intent: text})
		w.apply(t, first.GoalID)
		_, again := w.submit(t, aegis.GoalSpec{Intent: text})
		require.Empty(t, again)
		s := decode[aegis.RuntimeSpec](t, w.revisions["dev.runtime.eu-west-1"].Spec.Parameters)
		require.LessOrEqual(t, s.NodeMin, s.NodeDesired)
		require.LessOrEqual(t, s.NodeDesired, s.NodeMax)
	})
}

func FuzzRead(f *testing.F) {
	read := agent.Reader(regions)
	for _, in := range agent.Intents() {
		for _, example := range in.Examples {
			f.Add(example)
		}
	}
	f.Add("in ,, and; \"quoted 'text\" (eu-west-1)’s “x”")
	f.Fuzz(func(t *testing.T, text string) {
		names, err := read(text)
		if err == nil {
			require.NotEmpty(t, names)
		}
	})
}
