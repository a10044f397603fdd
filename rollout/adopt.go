package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// provesAdoption goes on only when the patched spec agrees with reality: read
// anew, its plan changes nothing at the addresses, and against the state, which
// is from before, it changes nothing but what is there. That difference is what
// policy judges, for it becomes what is asked for. The apply then does no more
// than to let the state say so, too.
func (r *run) provesAdoption(ctx context.Context, w desired) (Verdict, error) {
	if len(r.cs.Diff) > 0 {
		return fail(fmt.Sprintf("the patched spec does not agree with reality: the engine would still %s", attributesOf(r.cs.Diff[0]))), nil
	}
	if !w.changesSpec() {
		return fail("the spec already says so: it is the state that is behind, and a correction is what brings it up to date"), nil
	}
	run := r.stackRun(w, nil)
	run.Refresh, run.Targets = false, nil
	var rest aegis.Plan
	err := r.timed(1, func() (err error) {
		rest, err = r.tool().Preview(ctx, run)
		return err //nolint:wrapcheck // it says what was attempted
	})
	if err != nil {
		return refused(err)
	}
	for _, c := range rest.Changes {
		if !slices.Contains(r.cs.Target.Addresses, c.Address) {
			return fail(fmt.Sprintf("the parameter is not for this resource alone: the engine would also %s", attributesOf(c))), nil
		}
	}
	rest.Digest, rest.ResourceCount = r.cs.PlanDigests[w.stack.StackID], r.memory.ResourceCounts[w.stack.StackID] // which the apply is held to
	if err := r.record(ctx, []desired{w}, []aegis.Plan{rest}); err != nil {
		return Verdict{}, err
	}
	return proceed(), nil
}

// attributesOf says what would be done to which attributes.
func attributesOf(c aegis.ResourceChange) string {
	words := []string{string(c.Action), c.Address}
	if c.Action == aegis.ActionUpdate {
		for _, d := range c.Differences() {
			words = append(words, d.Attribute)
		}
	}
	return strings.Join(words, " ")
}
