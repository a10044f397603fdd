package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// judge lets a plan be applied, or not. It is asked after the last plan and
// before the first write of every apply.
type judge struct {
	cfg    Config
	digest string
	// snap is the state before the apply, without Data when there is none.
	snap    Snapshot
	allowed bool
}

// newJudge reads the state to save before the apply. Without a digest, only an
// adoption, which has none, may go on.
func (c Config) newJudge(run aegis.StackRun, digest string, snap Snapshot, err error) (*judge, error) {
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	snap.StackID, snap.TakenAt, snap.FencingToken = run.Stack.StackID, c.Now().UTC(), run.FencingToken
	return &judge{cfg: c, digest: digest, snap: snap}, nil
}

// allow returns aegis.ErrDigestMismatch, or saves the snapshot together with
// the plan, so that whoever comes after a crash knows what was under way.
func (j *judge) allow(ctx context.Context, plan aegis.Plan) error {
	if err := j.fence(ctx); err != nil {
		return err
	}
	if plan.Digest != j.digest {
		rest, err := j.remains(ctx, plan)
		if err != nil {
			return err
		}
		if !rest {
			return aegis.ErrDigestMismatch
		}
		plan = j.snap.Plan
	}
	j.snap.Plan = plan
	if err := j.cfg.snapshots().save(ctx, j.snap); err != nil {
		return fmt.Errorf("save a snapshot before the apply: %w", err)
	}
	j.allowed = true
	return nil
}

// fence returns aegis.ErrLeaseLost when a younger lease has written since.
func (j *judge) fence(ctx context.Context) error {
	snaps, err := j.cfg.snapshots().newest(ctx, j.snap.StackID, 1)
	if err != nil {
		return fmt.Errorf("read the newest snapshot: %w", err)
	}
	if len(snaps) > 0 && j.snap.FencingToken > 0 && snaps[0].FencingToken > j.snap.FencingToken {
		return fmt.Errorf("fencing token %d, the newest is %d: %w", j.snap.FencingToken, snaps[0].FencingToken, aegis.ErrLeaseLost)
	}
	return nil
}

// finish notes that the engine came to an orderly end, whether it did all or
// not, and the state that it left: nothing is under way any more. A cancelled
// one may have let go of creations, so its end is noted by the next repair.
//
// It returns failed, the engine's own error, joined with what goes wrong here.
func (j *judge) finish(ctx context.Context, failed error, left func(context.Context) (Snapshot, error)) error {
	cancelled := failed != nil && ctx.Err() != nil
	if cancelled || !j.allowed {
		return failed
	}
	ctx = context.WithoutCancel(ctx)
	after, err := left(ctx)
	if err != nil && !isNotFound(err) {
		return errors.Join(failed, err)
	}
	j.snap.Finished, j.snap.After = true, after.Data
	if err := j.cfg.snapshots().save(ctx, j.snap); err != nil {
		return errors.Join(failed, fmt.Errorf("save a snapshot after the apply: %w", err))
	}
	return failed
}

// remains says that plan is what is left of the judged plan that an earlier
// apply began.
func (j *judge) remains(ctx context.Context, plan aegis.Plan) (bool, error) {
	snaps, err := j.cfg.snapshots().newest(ctx, j.snap.StackID, 1)
	if err != nil || len(snaps) == 0 || snaps[0].Plan.Digest != j.digest {
		return false, err
	}
	judged := map[string]aegis.ResourceChange{}
	for _, c := range snaps[0].Plan.Changes {
		judged[c.Address] = c
	}
	for _, c := range plan.Changes {
		if was, ok := judged[c.Address]; !ok || !partOf(c, was) {
			return false, nil
		}
	}
	j.snap.Plan = snaps[0].Plan
	return true, nil
}

// partOf says that doing c leads where the judged change leads.
func partOf(c, judged aegis.ResourceChange) bool {
	if c.Action == aegis.ActionDelete {
		return judged.Action == aegis.ActionDelete || judged.Action == aegis.ActionReplace
	}
	if judged.Action == aegis.ActionDelete {
		return false
	}
	// What replaces at an address where the judged plan creates can only replace
	// what that plan itself left half-made.
	if c.Action == aegis.ActionReplace && judged.Action == aegis.ActionUpdate {
		return false
	}
	known := func(m map[string]any) map[string]any {
		m = maps.Clone(m)
		for _, path := range slices.Concat(judged.Unknown, c.Unknown) {
			top, _, _ := strings.Cut(path, ".")
			delete(m, top)
		}
		return m
	}
	return same(known(c.After), known(judged.After))
}
