package rollout

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aegisworld/aegis"
)

// order is the order in which stacks are applied: what a stack depends on
// comes first, and the primary region comes last otherwise. A removal goes
// the other way round.
func order(wants []desired, regions []string) []string {
	rest := slices.Clone(wants)
	slices.SortStableFunc(rest, func(a, b desired) int {
		return cmp.Or(cmp.Compare(rank(b, regions), rank(a, regions)), cmp.Compare(a.stack.StackID, b.stack.StackID))
	})
	var ids []string
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(w desired) bool { return !slices.ContainsFunc(rest, dependencyOf(w)) })
		i = max(i, 0) // a circle is broken anywhere
		ids = append(ids, rest[i].stack.StackID)
		rest = slices.Delete(rest, i, i+1)
	}
	if len(wants) > 0 && wants[0].destroy() {
		slices.Reverse(ids)
	}
	return ids
}

func dependencyOf(w desired) func(desired) bool {
	return func(other desired) bool {
		return other.stack.StackID != w.stack.StackID && slices.Contains(w.stack.DependsOn, other.stack.StackID)
	}
}

// rank is a region's place: 0 is the primary, unknown ones come after all.
func rank(w desired, regions []string) int {
	if i := slices.Index(regions, w.stack.Region); i >= 0 {
		return i
	}
	return len(regions)
}

// smallestRegion is the region of a single workspace to try first: the one with
// the fewest changes; of equals the one that is last in the estate. "" when the
// change is in one region only, or takes everything away.
func smallestRegion(cs *aegis.AutonomousChangeSet, wants []desired, regions []string) string {
	if cs.Target.Kind != aegis.TargetTerraformWorkspace || len(wants) != 1 || wants[0].destroy() || len(cs.Target.Addresses) > 0 {
		return ""
	}
	changes := map[string]int{}
	for _, c := range cs.Diff {
		if c.Region == "" {
			return "" // nobody knows what it would be part of
		}
		changes[c.Region]++
	}
	if len(changes) < 2 {
		return ""
	}
	return slices.MinFunc(slices.Collect(maps.Keys(changes)), func(a, b string) int {
		return cmp.Or(cmp.Compare(changes[a], changes[b]), cmp.Compare(slices.Index(regions, b), slices.Index(regions, a)), cmp.Compare(a, b))
	})
}

// smallestSlice is the stack to try first: the one with the fewest changes
// among those that no other stack of the target must precede; of equals the
// one in the last region, so that the primary is spared. "" when there is
// nothing to compare with.
func smallestSlice(cs *aegis.AutonomousChangeSet, wants []desired, regions []string) string {
	if len(wants) < 2 {
		return ""
	}
	changes := map[string]int{}
	for _, c := range cs.Diff {
		changes[c.StackID]++
	}
	free := slices.DeleteFunc(slices.Clone(wants), func(w desired) bool {
		return slices.ContainsFunc(wants, dependencyOf(w)) || changes[w.stack.StackID] == 0
	})
	if len(free) == 0 {
		return ""
	}
	best := slices.MinFunc(free, func(a, b desired) int {
		return cmp.Or(
			cmp.Compare(changes[a.stack.StackID], changes[b.stack.StackID]),
			cmp.Compare(rank(b, regions), rank(a, regions)),
			cmp.Compare(a.stack.StackID, b.stack.StackID),
		)
	})
	return best.stack.StackID
}
