package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// agree refuses specs that are valid by themselves and contradict other stacks'.
// What contradicted before is no fault of the change; nor is it judged where the
// whole was: a bootstrap is of one plan, a rollback leads back.
func (d *Door) agree(ctx context.Context, source aegis.Source, wants []desired) error {
	if source == aegis.SourceBootstrap || source == aegis.SourceRollback {
		return nil
	}
	var seen []string // environments
	for _, w := range wants {
		if w.stack.Adopted() || w.destroy() || !w.changesSpec() || slices.Contains(seen, w.stack.Environment) {
			continue
		}
		seen = append(seen, w.stack.Environment)
		standing, err := d.store.EnvironmentSpecs(ctx, w.stack.Environment)
		if err != nil {
			return fmt.Errorf("read the specs of environment %s: %w", w.stack.Environment, err)
		}
		before := d.specs.Contradictions(standing)
		faults := &aegis.InvalidError{Faults: slices.DeleteFunc(d.specs.Contradictions(changed(standing, wants)), func(f aegis.FieldFault) bool {
			return slices.Contains(before, f)
		})}
		if err := faults.OrNil(); err != nil {
			return err
		}
	}
	return nil
}

// changed are the standing specs with what is wanted in their place.
func changed(standing []aegis.Spec, wants []desired) []aegis.Spec {
	result := slices.Clone(standing)
	for _, w := range wants {
		at := slices.IndexFunc(result, func(s aegis.Spec) bool {
			return s.Environment == w.spec.Environment && s.Layer == w.spec.Layer && s.Region == w.spec.Region
		})
		switch {
		case w.stack.Adopted():
		case at < 0 && !w.destroy():
			result = append(result, w.spec)
		case at >= 0 && w.destroy():
			result = slices.Delete(result, at, at+1)
		case at >= 0:
			result[at] = w.spec
		}
	}
	return result
}
