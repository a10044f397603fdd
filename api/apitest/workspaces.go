package apitest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"

	"github.com/aegisworld/aegis"
)

// CheckSource takes absolute paths, and everything else.
func (*Store) CheckSource(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error) {
	if src.Path != "" && !filepath.IsAbs(src.Path) {
		return src, aegis.Invalid("source.path", "give an absolute path on the server")
	}
	return src, nil
}

// KeepArchive only names it.
func (*Store) KeepArchive(_ context.Context, archive []byte) (string, error) {
	sum := sha256.Sum256(archive)
	return hex.EncodeToString(sum[:]), nil
}

// KeepExport only names it.
func (s *Store) KeepExport(ctx context.Context, export []byte) (string, error) {
	return s.KeepArchive(ctx, export)
}

// Unlock knows one lock, "6b3c-1".
func (*Store) Unlock(_ context.Context, _ aegis.StackRun, lockID string) error {
	if lockID != "6b3c-1" {
		return aegis.ErrConflict
	}
	return nil
}

// SetStackMode changes a stack.
func (s *Store) SetStackMode(ctx context.Context, id string, mode aegis.StackMode) error {
	stack, err := s.Stack(ctx, id)
	if err != nil {
		return err
	}
	stack.Mode = mode
	return s.UpsertStack(ctx, stack)
}

// Propose stores a change set; one for an observed stack is refused.
func (s *Store) Propose(ctx context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	for _, p := range cs.Patches {
		if stack, err := s.Stack(ctx, p.StackID); err != nil || stack.Observed() {
			return cs, aegis.Invalid("target.stack_ids", "stack "+p.StackID+" is only observed")
		}
		cs.Target.StackIDs = append(cs.Target.StackIDs, p.StackID)
	}
	cs.ChangeSetID = aegis.NewID(aegis.ChangeSetPrefix, s.Now())
	cs.PromotionState, cs.Phase = aegis.StateProposed, aegis.PhasePlan
	s.PutChangeSet(cs)
	return cs, nil
}
