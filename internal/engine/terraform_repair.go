package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegisworld/aegis"
)

func (t *terraformEngine) repair(ctx context.Context, run aegis.StackRun) ([]string, error) {
	w, err := t.open(ctx, run, writes)
	if err != nil {
		return nil, err
	}
	defer w.close()
	_, healed, err := w.heal(ctx)
	return healed, errors.Join(err, w.local.commit())
}

// heal heals a corrupt state, and what an apply that was
// cut off had created without recording it. It returns the state, whose Data is
// nil when there is none yet, and what was done.
func (w *tfWorkspace) heal(ctx context.Context) (Snapshot, []string, error) {
	var healed []string
	if w.local != nil && w.local.orphan {
		healed = append(healed, "orphaned lock removed")
	}
	snap, err := w.pull(ctx)
	if errors.Is(err, aegis.ErrStateCorrupt) {
		var what string
		if snap, what, err = w.restoreNewest(ctx, err); err == nil {
			healed = append(healed, what)
		}
	}
	if err != nil && !isNotFound(err) {
		return snap, healed, err
	}
	adopted, err := w.settleInterrupted(ctx, snap)
	if err != nil || len(adopted) == 0 {
		return snap, healed, err
	}
	snap, err = w.pull(ctx)
	return snap, append(healed, adopted...), err
}

func (w *tfWorkspace) restoreNewest(ctx context.Context, corrupt error) (Snapshot, string, error) {
	snaps, err := w.cfg.snapshots().newest(ctx, w.run.Stack.StackID, snapshotsKept)
	if err != nil {
		return Snapshot{}, "", err
	}
	snap, ok := sound(snaps, func(data []byte) error {
		_, err := decodeState(data)
		return err
	})
	if !ok {
		return Snapshot{}, "", fmt.Errorf("no sound snapshot: %w", corrupt)
	}
	if err := w.push(ctx, snap.Data); err != nil {
		return Snapshot{}, "", err
	}
	return snap, restored(corrupt, snap), nil
}

// settleInterrupted looks for what the last apply was to create and did not
// record. It runs only when that apply never came to its end.
func (w *tfWorkspace) settleInterrupted(ctx context.Context, state Snapshot) ([]string, error) {
	snaps, err := w.cfg.snapshots().newest(ctx, w.run.Stack.StackID, 1)
	if err != nil || len(snaps) == 0 || snaps[0].Finished {
		return nil, err
	}
	known, err := decodeState(state.Data)
	if err != nil {
		return nil, err
	}
	var healed []string
	for _, c := range snaps[0].Plan.Changes {
		if known.addresses[c.Address] || c.Action != aegis.ActionCreate && c.Action != aegis.ActionReplace {
			continue
		}
		id, found, err := w.cfg.Find(ctx, aegis.Lookup{
			StackID: c.StackID, Address: c.Address, Type: c.Type, Region: c.Region, Inputs: c.After,
		})
		if err != nil {
			return healed, fmt.Errorf("look up %s after a crash: %w", c.Address, err)
		}
		if !found {
			continue
		}
		if err := w.importOne(ctx, c.Address, id); err != nil {
			return healed, err
		}
		healed = append(healed, fmt.Sprintf("adopted %s %s after a crash", c.Type, id))
	}
	snaps[0].Finished = true
	return healed, w.cfg.snapshots().save(ctx, snaps[0])
}
