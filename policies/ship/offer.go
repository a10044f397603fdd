package ship

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegisworld/aegis"
)

// PushBundle proposes a bundle that a person gave, as a .tar.gz. composedOn is
// the digest of the running bundle that it was composed with, "" for none. An
// InvalidError says why it can't be unpacked; everything else is found out by
// the change set that it returns.
func (s *Shipper) PushBundle(
	ctx context.Context, by aegis.Principal, packed []byte, composedOn string,
) (aegis.AutonomousChangeSet, error) {
	files, err := read(packed)
	if err != nil {
		s.Failed("read")
		return aegis.AutonomousChangeSet{}, err
	}
	digest := files.Digest()
	if err := s.Store.SavePolicyArchive(ctx, digest, packed); err != nil {
		return aegis.AutonomousChangeSet{}, err // which says what was attempted
	}
	return s.Door.ProposeBundle(ctx, by, aegis.BundleProposal{
		Digest: digest, ComposedOn: composedOn, Source: aegis.SourceOperator, Summary: "Push policy bundle " + digest[:12],
	})
}

// RollbackBundle proposes the bundle that ran before.
func (s *Shipper) RollbackBundle(ctx context.Context, by aegis.Principal) (aegis.AutonomousChangeSet, error) {
	return s.Door.RollbackBundle(ctx, by)
}

// OfferBundle proposes what a source has, unless it runs or is what the source
// gave last: then it was proposed, and what became of it stands. What can't be
// unpacked is recorded and dropped; an error means that it should be offered
// again.
func (s *Shipper) OfferBundle(ctx context.Context, source string, packed []byte) error {
	files, err := read(packed)
	if err != nil {
		s.Failed("read")
		return s.refuse(ctx, source, err)
	}
	digest := files.Digest()
	known, err := s.known(ctx, source, digest)
	if err != nil || known {
		return err
	}
	if err := s.Store.SavePolicyArchive(ctx, digest, packed); err != nil {
		return err // which says what was attempted
	}
	_, err = s.Door.ProposeBundle(ctx, aegis.Principal{Name: "bundle:" + source, Role: aegis.RoleOperator}, aegis.BundleProposal{
		Digest: digest, Source: aegis.SourceReconcile, Summary: fmt.Sprintf("Take policy bundle %s from %s", digest[:12], source),
	})
	return err
}

func (s *Shipper) known(ctx context.Context, source, digest string) (bool, error) {
	running, err := s.Store.RunningPolicy(ctx)
	if err != nil {
		return false, err // which says what was attempted
	}
	if running.Digest == digest {
		return true, nil
	}
	newest, err := s.Store.NewestPolicyDigest(ctx, source)
	return newest == digest, err
}

// LoseBundle records that a source could not be read. What runs stays.
func (s *Shipper) LoseBundle(ctx context.Context, source string, cause error) error {
	s.Failed("fetch")
	return s.refuse(ctx, source, cause)
}

func (s *Shipper) refuse(ctx context.Context, source string, cause error) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, cause)
	}
	return s.Store.RefusePolicyBundle(ctx, aegis.PolicyBundle{
		Source: source, Actor: "bundle:" + source, Error: clip(cause.Error()), CreatedAt: s.Now(),
	})
}
