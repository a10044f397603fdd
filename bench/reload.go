package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/ship"
	"github.com/aegisworld/aegis/rollout"
)

// reloads is how often another bundle is made to run.
const reloads = 1000

// deciders judge meanwhile, without a pause.
const deciders = 2

// ErrReload says that a decision was lost, or made by half a bundle.
var ErrReload = errors.New("a reload left damage")

// halves are two modules and data of one edition. A decision by parts of two
// editions would show.
func halves(shipped archive.Files, edition string) (archive.Files, error) {
	module := func(code string) []byte {
		return fmt.Appendf(nil, `package aegis.gate

warn contains {"code": %q, "msg": sprintf("%%s %%s", [%q, data.bench.edition])}
`, code, edition)
	}
	return archive.Compose(shipped, archive.Files{
		"bench_left.rego": module("left"), "bench_right.rego": module("right"),
		"data.json": fmt.Appendf(nil, `{"bench":{"edition":%q}}`, edition),
	})
}

// reload is one run.
type reload struct {
	history *history
	live    policies.Live
	loader  *ship.Loader
	// digests are those of the two editions.
	digests [2]string

	decided, lost, torn atomic.Int64
	seen                atomic.Value // the edition of the newest decision
}

// Reload makes other bundles run, with all shipped rules, while decisions are
// made, and reports how soon they decide.
func Reload(ctx context.Context, p *e2e.Process, w io.Writer) error {
	h, err := newHistory(ctx, p)
	if err != nil {
		return err
	}
	defer h.close(ctx)
	b := &reload{history: h}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.loader.Run(ctx) })
	for range deciders {
		group.Go(func() error { return b.decide(ctx) })
	}
	var times []time.Duration
	group.Go(func() (err error) {
		defer stop()
		times, err = b.swap(ctx)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	r := report{title: fmt.Sprintf("%d reloads of all shipped rules while %d deciders judge", len(times), deciders)}
	r.duration("commit to first decision p50", percentile(times, 0.5), 0)
	r.duration("commit to first decision p99", percentile(times, 0.99), time.Second)
	r.add("decisions meanwhile", float64(b.decided.Load()), "", 0)
	r.add("decisions without an answer", float64(b.lost.Load()), "", 0)
	r.add("decisions by parts of two bundles", float64(b.torn.Load()), "", 0)
	if b.lost.Load()+b.torn.Load() > 0 {
		err = ErrReload
	}
	return errors.Join(r.write(w), err)
}

func (b *reload) prepare(ctx context.Context) error {
	shipped, err := policies.Embedded()
	if err != nil {
		return err
	}
	for i := range b.digests {
		files, err := halves(shipped, fmt.Sprintf("edition-%d", i))
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		if err := files.Tar(&packed); err != nil {
			return err
		}
		b.digests[i] = files.Digest()
		if err := b.history.db.SavePolicyArchive(ctx, b.digests[i], packed.Bytes()); err != nil {
			return err
		}
	}
	shipper := ship.New(ship.Config{Store: b.history.db, History: b.history.db, Embedded: shipped})
	b.loader = &ship.Loader{Shipper: shipper, Live: &b.live, Watch: b.history.db.Watch}
	return b.loader.Load(ctx)
}

// decide judges until ctx ends.
func (b *reload) decide(ctx context.Context) error {
	input := gateInput(10, 1)
	for ctx.Err() == nil {
		gate, _ := b.live.Pin()
		result := gate.Decide(ctx, input)
		switch {
		case ctx.Err() != nil: // it was interrupted
		case result.Allowed():
			b.decided.Add(1)
			b.note(result)
		default:
			b.decided.Add(1)
			b.lost.Add(1)
		}
	}
	return nil
}

// note takes the edition from a decision, or finds that there are two.
func (b *reload) note(result aegis.GateResult) {
	editions := map[string]bool{}
	for _, warning := range result.Warn {
		if warning.Code == "left" || warning.Code == "right" {
			for edition := range strings.FieldsSeq(warning.Msg) {
				editions[edition] = true
			}
		}
	}
	switch len(editions) {
	case 0: // the shipped bundle alone, at the beginning
	case 1:
		for edition := range editions {
			b.seen.Store(edition)
		}
	default:
		b.torn.Add(1)
	}
}

// swap makes the other edition run, again and again, and measures each time
// until a decision is by it.
func (b *reload) swap(ctx context.Context) ([]time.Duration, error) {
	cs, err := b.history.propose(ctx)
	if err != nil {
		return nil, err
	}
	was := aegis.EmbeddedBundle
	times := make([]time.Duration, 0, reloads)
	for i := range reloads {
		next := b.digests[i%2]
		began := time.Now()
		err := b.history.db.CommitStep(ctx, rollout.Step{
			ChangeSet: cs,
			Policy:    &rollout.PolicyUpdate{Was: was, Next: aegis.RunningPolicy{Digest: next, ChangeSetID: cs.ChangeSetID}},
			Events:    []aegis.Event{{Kind: "policy", ID: next, Type: "policy.running"}},
		})
		if err != nil {
			return nil, fmt.Errorf("let bundle %s run: %w", next, err)
		}
		cs.Version++
		was = next
		if err := b.await(ctx, fmt.Sprintf("edition-%d", i%2)); err != nil {
			return nil, err
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

func (b *reload) await(ctx context.Context, edition string) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for b.seen.Load() != edition {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
