package rollout_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// The property: whatever dies, breaks or interferes at whatever point, each
// bundle comes to one end, what runs was judged and is what the last promoted
// change set brought, and nothing is left judging beside it.

func (s mortalStore) RunningPolicy(ctx context.Context) (aegis.RunningPolicy, error) {
	return mortal(s.life, false, func() (aegis.RunningPolicy, error) { return s.memStore.RunningPolicy(ctx) })
}

type mortalBundles struct {
	*shipped

	life *life
}

func (b mortalBundles) Assess(ctx context.Context, digest, base string) (aegis.PolicyAssessment, error) {
	return mortal(b.life, false, func() (aegis.PolicyAssessment, error) { return b.shipped.Assess(ctx, digest, base) })
}

func (b mortalBundles) Faults(ctx context.Context, revision string, shadow bool, since time.Time) (aegis.PolicyFaults, error) {
	return mortal(b.life, false, func() (aegis.PolicyFaults, error) { return b.shipped.Faults(ctx, revision, shadow, since) })
}

func TestBundleChaos(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := &chaos{bench: newShipping(rapid.SampledFrom([]int{0, 4}).Draw(t, "soak"))}
		ends := map[string]aegis.AutonomousChangeSet{}
		c.ships(t)
		for turn := 0; ; turn++ {
			require.Less(t, turn, 3000, "it does not come to an end")
			if turn < 40 && rapid.IntRange(0, 30).Draw(t, "interference") == 0 {
				_ = c.door.Cancel(context.Background(), rapid.SampledFrom(c.ids).Draw(t, "cancelled"), "ann") // it may be over
			}
			job, ok := c.store.nextJob()
			if ok {
				m := mishap{}
				if turn < 40 {
					m = drawMishap(t)
					m.at = rapid.IntRange(1, 12).Draw(t, "at")
				}
				_ = c.shipStep(job, m) // the queue's affair; nothing may depend on it
			}
			c.ends(t, ends)
			if !ok {
				if len(c.store.open()) == 0 {
					break
				}
				c.store.advance(40 * time.Second)
			}
			_, err := c.door.Reap(context.Background())
			require.NoError(t, err)
		}
		require.Len(t, ends, len(c.ids), "none is lost")
		c.soundBundles(t, ends)
	})
}

func (c *chaos) ships(t *rapid.T) {
	for i := range rapid.IntRange(1, 3).Draw(t, "bundles") {
		kind := rapid.SampledFrom([]string{"good", "good", "good", "bad", "dumb", "mute", "late"}).Draw(t, "kind")
		p := push(fmt.Sprintf("%s-%d", kind, i))
		if rapid.Bool().Draw(t, "composed") {
			p.ComposedOn = aegis.EmbeddedBundle
		}
		cs, err := c.door.ProposeBundle(context.Background(), operator(), p)
		require.NoError(t, err)
		c.ids = append(c.ids, cs.ChangeSetID)
	}
}

func (c *chaos) shipStep(job memJob, m mishap) error {
	l := &life{mishap: m}
	config := c.config()
	config.Store, config.Bundles = mortalStore{c.store, l}, mortalBundles{&shipped{}, l}
	return rollout.New(config).Step(context.Background(), job.id, job.version)
}

// soundBundles replays what was committed.
func (c *chaos) soundBundles(t *rapid.T, ends map[string]aegis.AutonomousChangeSet) {
	require.Empty(t, c.store.leases)
	require.Empty(t, c.store.running.Shadow)
	runs, last := aegis.EmbeddedBundle, aegis.EmbeddedBundle
	for _, step := range c.store.commits {
		cs := step.ChangeSet
		if u := step.Policy; u != nil {
			require.Equal(t, runs, u.Was)
			if u.Next.Digest == cs.Policy.Digest {
				require.NotEmpty(t, cs.DecisionID, "what runs was judged")
			}
			runs = u.Next.Digest
		}
		if cs.PromotionState == aegis.StatePromoted {
			last = cs.Policy.Digest
		}
	}
	require.Equal(t, last, runs)
	require.Equal(t, runs, c.store.running.Digest)
	for _, cs := range ends {
		if cs.PromotionState == aegis.StatePromoted {
			require.Contains(t, cs.Policy.Digest, "good")
		}
	}
}
