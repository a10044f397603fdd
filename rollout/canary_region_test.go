package rollout_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

const (
	hereOne  = "ssm_parameter-one@us-east-1"
	hereTwo  = "ssm_parameter-two@us-east-1"
	thereOne = "ssm_parameter-one@eu-west-1"
)

// workspaceBench has one workspace in two regions, and a gate that wants a canary.
func workspaceBench(soak int) *bench {
	b := newBench()
	b.addStack(us, `{"`+hereOne+`":"1","`+hereTwo+`":"1","`+thereOne+`":"1"}`)
	b.store.stacks[us].Kind = aegis.TargetTerraformWorkspace
	b.gate.result = allow(true, soak)
	return b
}

func workspacePatch(merge string) aegis.AutonomousChangeSet {
	cs := patch(merge, us)
	cs.Target.Kind = aegis.TargetTerraformWorkspace
	return cs
}

const everywhere = `{"` + hereOne + `":"2","` + hereTwo + `":"2","` + thereOne + `":"2"}`

func TestCanaryOfARegion(t *testing.T) {
	t.Parallel()
	t.Run("tries the region with the fewest changes, then the rest", func(t *testing.T) {
		t.Parallel()
		b := workspaceBench(6)
		var atSoak map[string]any
		repairs := 0
		b.world.before = func(op, _ string) error {
			if op == "repair" {
				repairs++
			}
			return nil
		}
		b.checks.red = func(string) bool {
			if atSoak == nil {
				atSoak = b.world.get(us)
			}
			return false
		}
		cs := b.run(t, workspacePatch(everywhere))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, map[string]any{hereOne: "1", hereTwo: "1", thereOne: "2"}, atSoak)
		require.Equal(t, "passed", cs.CanaryResult.Outcome)
		require.Equal(t, "eu-west-1", cs.CanaryResult.Region)
		require.Equal(t, []string{us, us}, b.world.applies)
		require.Equal(t, map[string]any{hereOne: "2", hereTwo: "2", thereOne: "2"}, b.world.get(us))
		require.Len(t, b.store.revisions[us], 2, "one revision")
		require.Equal(t, 1, repairs, "for the rest; looks while it soaks repair nothing")
		require.Empty(t, b.world.violations)
	})
	t.Run("is undone alone when its checks fail", func(t *testing.T) {
		t.Parallel()
		b := workspaceBench(0)
		b.checks.red = func(string) bool { return b.world.get(us)[thereOne] == "2" }
		cs := b.run(t, workspacePatch(everywhere))
		require.Equal(t, aegis.StateRolledBack, cs.PromotionState, cs.Error)
		require.Equal(t, "failed", cs.CanaryResult.Outcome)
		require.Equal(t, map[string]any{hereOne: "1", hereTwo: "1", thereOne: "1"}, b.world.get(us))
		for key, n := range b.world.written {
			require.NotContains(t, key, "us-east-1 2", "%d", n)
		}
	})
	t.Run("goes on after a crash", func(t *testing.T) {
		t.Parallel()
		for _, op := range []string{"apply", "write", "repair"} {
			b := workspaceBench(0)
			broke := 0
			b.world.before = func(at, _ string) error {
				if at == op && broke < 2 {
					broke++
					return errors.New("the machine is gone")
				}
				return nil
			}
			cs := b.run(t, workspacePatch(everywhere))
			require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
			require.Equal(t, map[string]any{hereOne: "2", hereTwo: "2", thereOne: "2"}, b.world.get(us), op)
			require.Empty(t, b.world.violations)
		}
	})
	t.Run("needs changes in several regions", func(t *testing.T) {
		t.Parallel()
		b := workspaceBench(0)
		cs := b.run(t, workspacePatch(`{"`+hereOne+`":"2","`+hereTwo+`":"2"}`))
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Nil(t, cs.CanaryResult)
		require.Equal(t, []string{us}, b.world.applies)
	})
	t.Run("is none of a removal", func(t *testing.T) {
		t.Parallel()
		b := workspaceBench(0)
		cs := workspacePatch(`{}`)
		cs.Patches[0].MergePatch, cs.Patches[0].Destroy = json.RawMessage(`{}`), true
		got := b.run(t, cs)
		require.Nil(t, got.CanaryResult)
	})
}
