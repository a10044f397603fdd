package drift_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
)

// site is a store and a door under which an estate comes into being.
type site struct {
	stacks map[string]aegis.Stack
	sets   []aegis.AutonomousChangeSet
	// end is how a change set comes out, at once; one that is not terminal stays
	// on its way.
	end func(stackID string) aegis.PromotionState
	// stop is called at each read once nothing more can happen.
	stop    context.CancelFunc
	reads   int
	imports []string
}

func (s *site) Stack(_ context.Context, stackID string) (aegis.Stack, error) {
	if s.reads++; s.reads == 1000 {
		s.stop()
	}
	if stack, ok := s.stacks[stackID]; ok {
		return stack, nil
	}
	return aegis.Stack{}, aegis.ErrNotFound
}

func (s *site) UpsertStack(_ context.Context, stack aegis.Stack) error {
	s.stacks[stack.StackID] = stack
	return nil
}

func (s *site) ChangeSets(_ context.Context, f aegis.ChangeSetFilter, _ aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
	var out []aegis.AutonomousChangeSet
	for _, cs := range s.sets {
		if slices.Contains(cs.Target.StackIDs, f.StackID) {
			out = append(out, cs)
		}
	}
	return out, "", nil
}

func (s *site) EnqueueReconcile(_ context.Context, stackID string) error {
	s.imports = append(s.imports, stackID)
	return s.made(stackID)
}

func (s *site) made(stackID string) error {
	stack := s.stacks[stackID]
	stack.Revision++
	s.stacks[stackID] = stack
	return nil
}

func (s *site) Propose(_ context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	stackID := cs.Target.StackIDs[0]
	cs.PromotionState = s.end(stackID)
	s.sets = append(s.sets, cs)
	if cs.PromotionState == aegis.StatePromoted {
		return cs, s.made(stackID)
	}
	return cs, nil
}

func (s *site) StateStacks(context.Context) ([]string, error) {
	return []string{"dev.network.us-east-1", "other.network.us-east-1"}, nil
}

func (s *site) proposed() []string {
	ids := make([]string, len(s.sets))
	for i, cs := range s.sets {
		ids[i] = cs.Target.StackIDs[0]
	}
	return ids
}

// converge runs until all is there or nothing more happens.
func converge(t *testing.T, end func(stackID string) aegis.PromotionState) (*site, error) {
	t.Helper()
	var desired []drift.Desired
	for _, layer := range []string{aegis.LayerSecurity, aegis.LayerNetwork} {
		for _, region := range []string{"us-east-1", "eu-west-1", "ap-southeast-1"} {
			d := drift.Desired{StackID: "dev." + layer + "." + region, Spec: aegis.Spec{Environment: "dev", Layer: layer, Region: region}}
			if layer == aegis.LayerNetwork {
				d.DependsOn = []string{"dev.security." + region}
			}
			if d.StackID == "dev.network.ap-southeast-1" {
				d.DependsOn = append(d.DependsOn, "dev.network.eu-west-1")
			}
			desired = append(desired, d)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := &site{stacks: map[string]aegis.Stack{}, end: end, stop: stop}
	c := drift.Converger{Store: s, Backend: s, Door: s, Log: slog.New(slog.DiscardHandler), Environment: "dev", Interval: time.Microsecond}
	err := c.Run(ctx, desired)
	return s, err
}

func TestConverger(t *testing.T) {
	t.Parallel()
	promoted := func(string) aegis.PromotionState { return aegis.StatePromoted }
	t.Run("makes a layer in one region, then in the others, each once what it depends on is there", func(t *testing.T) {
		t.Parallel()
		s, err := converge(t, promoted)
		require.NoError(t, err)
		require.Equal(t, []string{
			"dev.security.ap-southeast-1", "dev.security.us-east-1", "dev.security.eu-west-1", "dev.network.eu-west-1", "dev.network.ap-southeast-1",
		}, s.proposed())
		require.Equal(t, "Create layer security in ap-southeast-1", s.sets[0].Summary)
		require.Equal(t, []string{"dev.network.us-east-1"}, s.imports, "which pulumi up made")
	})
	t.Run("waits for the first region", func(t *testing.T) {
		t.Parallel()
		s, err := converge(t, func(string) aegis.PromotionState { return aegis.StateApplying })
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []string{"dev.security.ap-southeast-1"}, s.proposed())
	})
	t.Run("gives up on a stack, not on the others", func(t *testing.T) {
		t.Parallel()
		s, err := converge(t, func(stackID string) aegis.PromotionState {
			if stackID == "dev.security.eu-west-1" {
				return aegis.StateRolledBack
			}
			return aegis.StatePromoted
		})
		require.ErrorIs(t, err, context.Canceled)
		ids := s.proposed()
		require.Len(t, ids, 2+5, "five times")
		require.NotContains(t, ids, "dev.network.eu-west-1")
	})
}
