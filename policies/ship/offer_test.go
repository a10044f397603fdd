package ship_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/ship"
)

const origin = "https://bundles.example/acme.tar.gz"

func TestPushBundle(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	files := bundle("acme.rego", "package acme\n")
	by := aegis.Principal{Name: "olga", Role: aegis.RoleOperator}
	cs, err := b.PushBundle(t.Context(), by, packed(t, files), "d0")
	require.NoError(t, err)
	require.Equal(t, "chg-1", cs.ChangeSetID)
	require.Equal(t, []string{"olga"}, b.door.by)
	require.Equal(t, []aegis.BundleProposal{{
		Digest: files.Digest(), ComposedOn: "d0", Source: aegis.SourceOperator, Summary: "Push policy bundle " + files.Digest()[:12],
	}}, b.door.proposals)
	require.Contains(t, b.store.archives, files.Digest())

	for name, c := range map[string]struct {
		packed []byte
		want   string
	}{
		"what is no archive":  {[]byte("no"), "no .tar.gz"},
		"an empty bundle":     {packed(t, archive.Files{}), "there is nothing in it"},
		"a way out of it":     {packed(t, bundle("../x.rego", "package x")), "leads out of the bundle"},
		"a manifest below":    {packed(t, bundle("a/.manifest", "{}")), "belongs at the root"},
		"two kinds of policy": {packed(t, bundle("policy.wasm", "x")), "compiled policy"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			_, err := b.PushBundle(t.Context(), by, c.packed, "")
			require.Contains(t, reasons(t, err), c.want)
			require.Empty(t, b.door.proposals)
			require.Empty(t, b.store.archives)
			require.Equal(t, []string{"read"}, b.failed)
		})
	}

	cs, err = b.RollbackBundle(t.Context(), by)
	require.NoError(t, err)
	require.Equal(t, "chg-2", cs.ChangeSetID)
	b.store.err = errGone
	_, err = b.PushBundle(t.Context(), by, packed(t, files), "")
	require.ErrorIs(t, err, errGone)
	require.Len(t, b.door.proposals, 1)
}

func TestOfferBundle(t *testing.T) {
	t.Parallel()
	files := bundle("acme.rego", "package acme\n")

	t.Run("proposes what is new", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		require.NoError(t, b.OfferBundle(t.Context(), origin, packed(t, files)))
		require.Equal(t, []string{"bundle:" + origin}, b.door.by)
		require.Equal(t, aegis.SourceReconcile, b.door.proposals[0].Source)
		require.Equal(t, files.Digest(), b.door.proposals[0].Digest)
	})
	t.Run("leaves what runs alone", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		b.store.run(aegis.RunningPolicy{Digest: files.Digest()})
		require.NoError(t, b.OfferBundle(t.Context(), origin, packed(t, files)))
		require.Empty(t, b.door.proposals)
	})
	t.Run("leaves what it gave last alone, whatever became of it", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		b.store.newest[origin] = files.Digest()
		require.NoError(t, b.OfferBundle(t.Context(), origin, packed(t, files)))
		require.Empty(t, b.door.proposals)
	})
	t.Run("records what can't be unpacked, and asks for nothing again", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		require.NoError(t, b.OfferBundle(t.Context(), origin, []byte("no")))
		require.Len(t, b.store.refused, 1)
		require.Equal(t, origin, b.store.refused[0].Source)
		require.Contains(t, b.store.refused[0].Error, "no .tar.gz")
		require.Equal(t, b.Now(), b.store.refused[0].CreatedAt)
		require.Equal(t, []string{"read"}, b.failed)
	})
	t.Run("asks again after an outage", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		b.store.err = errGone
		require.ErrorIs(t, b.OfferBundle(t.Context(), origin, packed(t, files)), errGone)
	})
}

func TestLoseBundle(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	require.NoError(t, b.LoseBundle(t.Context(), origin, errGone))
	require.Equal(t, "database is gone", b.store.refused[0].Error)
	require.Equal(t, []string{"fetch"}, b.failed)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.LoseBundle(ctx, origin, errGone), context.Canceled)
	require.Len(t, b.store.refused, 1, "a process that stops has lost nothing")
}

func TestList(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *ship.Config) { c.Override = gateOf(t, c.Embedded) })
	b.store.listed = []aegis.PolicyBundle{{Digest: "d1", State: "denied"}}
	list, _, err := b.PolicyBundles(t.Context(), aegis.Page{})
	require.NoError(t, err)
	states := []string{}
	for _, p := range list {
		states = append(states, p.State)
	}
	require.Equal(t, []string{aegis.BundleOverriding, aegis.BundleActive, "denied"}, states)
	list, _, err = b.PolicyBundles(t.Context(), aegis.Page{Cursor: "c"})
	require.NoError(t, err)
	require.Len(t, list, 1, "only the first page begins with them")

	digest, archived, err := b.ActiveBundle(t.Context())
	require.NoError(t, err)
	require.Equal(t, aegis.EmbeddedBundle, digest)
	require.Equal(t, packed(t, b.Embedded), archived)
}
