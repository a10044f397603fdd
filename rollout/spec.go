package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/aegisworld/aegis"
)

// desired is what a change set wants of one stack.
type desired struct {
	stack aegis.Stack
	// patch is nil when the spec stays, as in a drift correction.
	patch *aegis.SpecPatch
	// base is the revision that the patch is applied to; Revision 0 is nothing.
	base aegis.SpecRevision
	// spec is the result.
	spec aegis.Spec
	// only are the addresses that are brought to it for now; nil is all.
	only []string
}

func (w desired) destroy() bool { return w.patch != nil && w.patch.Destroy }

// begins says that the stack was never applied to its end: although all its
// resources may be there, what others read of it is not.
func (w desired) begins() bool { return w.patch != nil && !w.destroy() && w.base.Revision == 0 }

// changesSpec says that applying it makes a new revision.
func (w desired) changesSpec() bool {
	return w.patch != nil && (w.base.Revision == 0 || w.destroy() ||
		!jsonpatch.Equal(w.base.Spec.Parameters, w.spec.Parameters))
}

// base reads a stack's revision; revision 0 is its newest, and a stack without
// any has the blank one.
func (d *Door) base(ctx context.Context, stack aegis.Stack, revision int64) (aegis.SpecRevision, error) {
	rev, err := d.store.SpecRevision(ctx, stack.StackID, revision)
	if errors.Is(err, aegis.ErrNotFound) && revision == 0 {
		return aegis.SpecRevision{StackID: stack.StackID, Spec: d.blank(stack)}, nil
	}
	if err != nil {
		return aegis.SpecRevision{}, fmt.Errorf("read revision %d of stack %s: %w", revision, stack.StackID, err)
	}
	return rev, nil
}

// blank is the spec of a stack to which nothing was applied.
func (d *Door) blank(stack aegis.Stack) aegis.Spec {
	spec := aegis.Spec{
		Version: aegis.SpecVersion, Layer: stack.Layer, Environment: stack.Environment, Region: stack.Region,
		Parameters: json.RawMessage(`{}`),
	}
	if !stack.Adopted() {
		spec.Regions = slices.Clone(d.regions)
	}
	return spec
}

// want applies a change set's patch for one stack to a base revision.
func want(stack aegis.Stack, patch *aegis.SpecPatch, base aegis.SpecRevision) (desired, error) {
	w := desired{stack: stack, patch: patch, base: base, spec: base.Spec}
	if patch == nil || len(patch.MergePatch) == 0 {
		return w, nil
	}
	merged, err := jsonpatch.MergePatch(base.Spec.Parameters, patch.MergePatch)
	if err != nil {
		return desired{}, fmt.Errorf("patch the spec of stack %s: %w: %w", stack.StackID, aegis.ErrInvalid, err)
	}
	w.spec.Parameters = merged
	return w, nil
}

// validate checks the result of a patch. The values of an adopted stack's
// variables are checked by its engine, when it plans.
func (d *Door) validate(w desired) error {
	if w.stack.Adopted() {
		return checkVariables(w)
	}
	return d.specs.Validate(w.spec) //nolint:wrapcheck // the caller names the stack
}

// checkVariables refuses what a workspace does not declare, and secrets: those
// are kept in the workspace's own files, and never in a spec.
func checkVariables(w desired) error {
	if w.patch == nil || len(w.base.Spec.Variables) == 0 {
		return nil
	}
	var patched map[string]json.RawMessage
	if err := json.Unmarshal(w.patch.MergePatch, &patched); err != nil {
		return aegis.Invalid("patches.merge_patch", "must be a JSON object (RFC 7396)")
	}
	faults := &aegis.InvalidError{}
	for _, name := range slices.Sorted(maps.Keys(patched)) {
		i := slices.IndexFunc(w.base.Spec.Variables, func(v aegis.WorkspaceVariable) bool { return v.Name == name })
		switch {
		case i < 0:
			faults.Add("patches.merge_patch."+name, "stack "+w.stack.StackID+" declares no such variable")
		case w.base.Spec.Variables[i].Sensitive:
			faults.Add("patches.merge_patch."+name, "is sensitive: change it in the workspace's own files")
		}
	}
	return faults.OrNil()
}

// planned rebuilds what the judged plan wanted of one stack.
func (d *Door) planned(ctx context.Context, cs *aegis.AutonomousChangeSet, stackID string) (desired, error) {
	stack, err := d.store.Stack(ctx, stackID)
	if err != nil {
		return desired{}, fmt.Errorf("read stack %s: %w", stackID, err)
	}
	p := progressOf(cs, stackID)
	base := aegis.SpecRevision{StackID: stackID, Spec: d.blank(stack)}
	if p.BaseRevision > 0 {
		if base, err = d.base(ctx, stack, p.BaseRevision); err != nil {
			return desired{}, err
		}
	}
	return want(stack, patchOf(cs, stackID), base)
}

// rebase moves a patch onto the newest revision. ErrConflict says that what
// was written since its base overlaps with it.
func (d *Door) rebase(ctx context.Context, stack aegis.Stack, patch *aegis.SpecPatch, newest aegis.SpecRevision) error {
	if patch.BaseRevision == newest.Revision {
		return nil
	}
	conflict := func(why string) error {
		return fmt.Errorf("stack %s is at revision %d, the patch was made for %d, %s: %w",
			stack.StackID, newest.Revision, patch.BaseRevision, why, aegis.ErrConflict)
	}
	if patch.Destroy || patch.BaseRevision > newest.Revision || patch.BaseRevision == 0 {
		return conflict("and it can't be moved")
	}
	old, err := d.base(ctx, stack, patch.BaseRevision)
	if err != nil {
		return err
	}
	moved, err := jsonpatch.CreateMergePatch(old.Spec.Parameters, newest.Spec.Parameters)
	if err != nil {
		return fmt.Errorf("compare revisions of stack %s: %w", stack.StackID, err)
	}
	if path, overlap := overlaps(patch.MergePatch, moved); overlap {
		return conflict("and both change " + path)
	}
	patch.BaseRevision = newest.Revision
	return nil
}

// overlaps says whether two merge patches touch a common path, and which.
func overlaps(a, b json.RawMessage) (path string, overlap bool) {
	var left, right map[string]json.RawMessage
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil || left == nil || right == nil {
		return "", len(a) > 0 && len(b) > 0
	}
	for _, key := range slices.Sorted(maps.Keys(left)) {
		other, both := right[key]
		if !both {
			continue
		}
		if rest, found := overlaps(left[key], other); found {
			if rest == "" {
				return key, true
			}
			return key + "." + rest, true
		}
	}
	return "", false
}

// inverse is the patch that leads from the revision that w makes back to its
// base. exact is false when a merge patch can't express it.
func inverse(w desired) (patch aegis.SpecPatch, exact bool, err error) {
	patch = aegis.SpecPatch{StackID: w.stack.StackID, BaseRevision: w.base.Revision + 1, MergePatch: json.RawMessage(`{}`)}
	if w.base.Revision == 0 {
		patch.Destroy = true
		return patch, true, nil
	}
	back, err := jsonpatch.CreateMergePatch(w.spec.Parameters, w.base.Spec.Parameters)
	if err != nil {
		return patch, false, fmt.Errorf("invert the patch of stack %s: %w", w.stack.StackID, err)
	}
	patch.MergePatch = back
	again, err := jsonpatch.MergePatch(w.spec.Parameters, back)
	if err != nil {
		return patch, false, fmt.Errorf("check the inverse of stack %s: %w", w.stack.StackID, err)
	}
	return patch, jsonpatch.Equal(again, w.base.Spec.Parameters), nil
}

func patchOf(cs *aegis.AutonomousChangeSet, stackID string) *aegis.SpecPatch {
	for i := range cs.Patches {
		if cs.Patches[i].StackID == stackID {
			return &cs.Patches[i]
		}
	}
	return nil
}

// progressOf returns the stack's entry, which it makes when there is none.
func progressOf(cs *aegis.AutonomousChangeSet, stackID string) *aegis.StackProgress {
	for i := range cs.Progress {
		if cs.Progress[i].StackID == stackID {
			return &cs.Progress[i]
		}
	}
	cs.Progress = append(cs.Progress, aegis.StackProgress{StackID: stackID, Status: planned})
	return &cs.Progress[len(cs.Progress)-1]
}
