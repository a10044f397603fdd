package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// bundleChangeSet inserts a change of the policy bundle at its first version.
func bundleChangeSet(t *testing.T, db *postgres.DB, id, digest string) aegis.AutonomousChangeSet {
	t.Helper()
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: id, Source: aegis.SourceOperator, Actor: "olga", Target: aegis.Target{Kind: aegis.TargetPolicyBundle},
		Policy:         &aegis.PolicyChange{Digest: digest, Base: aegis.EmbeddedBundle, Revision: "r-" + digest, SignedBy: "ops"},
		PromotionState: aegis.StateProposed, Phase: aegis.PhasePlan, Version: 1, TraceID: "trc-" + id, CreatedAt: time.Now(),
	}
	require.NoError(t, db.InsertChangeSet(t.Context(), cs))
	return cs
}

func TestPolicyArchives(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	_, err := db.PolicyArchive(t.Context(), "d1")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.NoError(t, db.SavePolicyArchive(t.Context(), "d1", []byte("one")))
	require.NoError(t, db.SavePolicyArchive(t.Context(), "d1", []byte("other")))
	archive, err := db.PolicyArchive(t.Context(), "d1")
	require.NoError(t, err)
	require.Equal(t, "one", string(archive))
}

func TestActivation(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	running, err := db.RunningPolicy(t.Context())
	require.NoError(t, err)
	require.Equal(t, aegis.RunningPolicy{Digest: aegis.EmbeddedBundle, Generation: 1}, running)
	cs := bundleChangeSet(t, db, "chg-1", "d1")

	step := rollout.Step{ChangeSet: cs, Policy: &rollout.PolicyUpdate{
		Was: "another", Next: aegis.RunningPolicy{Digest: "d1", ChangeSetID: cs.ChangeSetID},
	}}
	require.ErrorIs(t, db.CommitStep(t.Context(), step), aegis.ErrConflict)
	unmoved, err := db.ChangeSet(t.Context(), cs.ChangeSetID)
	require.NoError(t, err)
	require.Equal(t, int64(1), unmoved.Version, "what is refused commits nothing")

	step.Policy.Was = aegis.EmbeddedBundle
	step.Policy.Next.Shadow = "d2"
	require.NoError(t, db.CommitStep(t.Context(), step))
	running, err = db.RunningPolicy(t.Context())
	require.NoError(t, err)
	require.Equal(t, aegis.RunningPolicy{Digest: "d1", ChangeSetID: cs.ChangeSetID, Shadow: "d2", Generation: 2}, running)
}

func TestPolicyBundles(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	cs := bundleChangeSet(t, db, "chg-1", "d1")
	require.NoError(t, db.CommitStep(t.Context(), rollout.Step{ChangeSet: cs, Policy: &rollout.PolicyUpdate{
		Was: aegis.EmbeddedBundle, Next: aegis.RunningPolicy{Digest: "d1", ChangeSetID: cs.ChangeSetID},
	}}))
	bundleChangeSet(t, db, "chg-2", "d2")
	require.NoError(t, db.RefusePolicyBundle(t.Context(), aegis.PolicyBundle{
		Source: "https://example.com/b.tar.gz", Actor: "bundle:https://example.com/b.tar.gz", Error: "no gzip", CreatedAt: time.Now(),
	}))

	first, next, err := db.PolicyBundles(t.Context(), aegis.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, first, 2)
	require.Equal(t, aegis.BundleRefused, first[0].State)
	require.Equal(t, "no gzip", first[0].Error)
	require.Equal(t, "proposed", first[1].State)
	require.Nil(t, first[1].ActivatedAt)
	last, next, err := db.PolicyBundles(t.Context(), aegis.Page{Limit: 2, Cursor: next})
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, last, 1)
	require.Equal(t, aegis.BundleActive, last[0].State)
	require.Equal(t, "push", last[0].Source)
	require.Equal(t, "r-d1", last[0].Revision)
	require.Equal(t, "ops", last[0].Signer)
	require.Equal(t, aegis.EmbeddedBundle, last[0].Base)
	require.NotNil(t, last[0].ActivatedAt)
	newest, err := db.NewestPolicyDigest(t.Context(), "push")
	require.NoError(t, err)
	require.Equal(t, "d2", newest)
	newest, err = db.NewestPolicyDigest(t.Context(), "https://example.com/b.tar.gz")
	require.NoError(t, err)
	require.Empty(t, newest, "what can't be read has no digest")
	digest, err := db.PolicyDigest(t.Context(), "r-d2")
	require.NoError(t, err)
	require.Equal(t, "d2", digest)
	_, err = db.PolicyDigest(t.Context(), "r-d3")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	events, err := db.Events(t.Context(), "", 0, 0)
	require.NoError(t, err)
	require.Equal(t, "policy.refused", events[len(events)-1].Type)
}
