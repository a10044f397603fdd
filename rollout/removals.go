package rollout

import (
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// mostRemovals bounds what one change set takes away.
const mostRemovals = 100

// checkRemovals checks a change set about resources that no stack manages.
func checkRemovals(cs *aegis.AutonomousChangeSet, faults *aegis.InvalidError) {
	if cs.Source != aegis.SourceDrift && cs.Source != aegis.SourceContainment {
		faults.Add("source", fmt.Sprintf("%q can't change resources that no stack manages; drift and containment can", cs.Source))
	}
	if len(cs.Patches) > 0 {
		faults.Add("patches", "must be empty where resources that no stack manages are removed")
	}
	if n := len(cs.Removals); n == 0 || n > mostRemovals {
		faults.Add("removals", fmt.Sprintf("must name 1 to %d resources", mostRemovals))
	}
	seen := map[string]bool{}
	for i, r := range cs.Removals {
		field := fmt.Sprintf("removals.%d", i)
		if r.Type == "" || r.ID == "" {
			faults.Add(field, "must have a type and an id")
		}
		if !slices.Contains(cs.Target.StackIDs, r.StackID) {
			faults.Add(field+".stack_id", "must be a stack of the target")
		}
		if seen[r.Key()] {
			faults.Add(field, "must name each resource once")
		}
		seen[r.Key()] = true
	}
}

// removalsOf are the removals within one stack.
func removalsOf(cs *aegis.AutonomousChangeSet, stackID string) []aegis.CloudResource {
	var out []aegis.CloudResource
	for _, r := range cs.Removals {
		if r.StackID == stackID {
			out = append(out, r)
		}
	}
	return out
}

// tool is the engine of the change set's kind of target.
func (r *run) tool() engine {
	if r.cs.Target.Kind == aegis.TargetAWSResource {
		return r.direct
	}
	return r.engine
}
