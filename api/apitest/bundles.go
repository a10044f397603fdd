package apitest

import (
	"context"
	"slices"

	"github.com/aegisworld/aegis"
)

// PushedBundle is what a push gave.
type PushedBundle struct {
	By         aegis.Principal
	Archive    []byte
	ComposedOn string
}

// PutBundle sets the bundle that runs, and adds it to the list.
func (s *Store) PutBundle(digest string, archive []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.activeDigest, s.activeArchive = digest, archive
	s.bundles = append([]aegis.PolicyBundle{{Digest: digest, State: aegis.BundleActive}}, s.bundles...)
}

// Pushed are the pushes so far, oldest first.
func (s *Store) Pushed() []PushedBundle {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pushed)
}

// PushBundle keeps the push and answers the change set "chg-bundle".
func (s *Store) PushBundle(_ context.Context, by aegis.Principal, archive []byte, composedOn string) (aegis.AutonomousChangeSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushed = append(s.pushed, PushedBundle{by, archive, composedOn})
	return s.bundleChange("push"), s.fault
}

// RollbackBundle answers the change set "chg-bundle".
func (s *Store) RollbackBundle(context.Context, aegis.Principal) (aegis.AutonomousChangeSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bundleChange("roll back"), s.fault
}

// bundleChange is a promoted change of the policy bundle, unless a test put
// another one.
func (s *Store) bundleChange(summary string) aegis.AutonomousChangeSet {
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: "chg-bundle", Summary: summary, Target: aegis.Target{Kind: aegis.TargetPolicyBundle},
		PromotionState: aegis.StatePromoted, Phase: aegis.PhaseDone,
		Policy: &aegis.PolicyChange{Digest: "d2", Base: s.activeDigest, Revision: "acme@1"},
	}
	known := func(old aegis.AutonomousChangeSet) bool { return old.ChangeSetID == cs.ChangeSetID }
	if i := slices.IndexFunc(s.changeSets, known); i >= 0 {
		return s.changeSets[i]
	}
	s.changeSets = append(s.changeSets, cs)
	return cs
}

// PolicyBundles lists what was put.
func (s *Store) PolicyBundles(context.Context, aegis.Page) ([]aegis.PolicyBundle, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bundles), "", s.fault
}

// ActiveBundle answers what was put last; aegis.ErrNotFound when nothing was.
func (s *Store) ActiveBundle(context.Context) (digest string, archive []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.activeDigest == "" {
		return "", nil, aegis.ErrNotFound
	}
	return s.activeDigest, s.activeArchive, s.fault
}
