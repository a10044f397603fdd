package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/internal/bundles"
	"github.com/aegisworld/aegis/internal/decisionlog"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/ship"
	"github.com/aegisworld/aegis/rollout"
)

// policy is the part of a control plane that decides: the gate of this
// process, and what keeps it in step with the bundle that runs.
type policy struct {
	live    *policies.Live
	options policies.Options
	shipper *ship.Shipper
	loader  *ship.Loader
	sources []bundles.Source

	// override and its files are what this host runs instead of any bundle that
	// was pushed; nil is nothing.
	override *policies.Gate
	files    archive.Files
}

// newPolicy reads the configured bundle and keys. The door and the history are
// given to the shipper by wire.
func (p *control) newPolicy(ctx context.Context) (*policy, error) {
	c := p.config.Policy
	out := &policy{
		live:    &policies.Live{},
		options: policies.Options{Timeout: c.Timeout, Data: c.Data, Logger: p.log},
	}
	keys, err := policyKeys(c.Keys)
	if err != nil {
		return nil, err
	}
	embedded, err := policies.Embedded()
	if err != nil {
		return nil, err
	}
	if c.BundleDir != "" {
		if err := out.overrideBy(ctx, c.BundleDir); err != nil {
			return nil, err
		}
	}
	out.shipper = ship.New(ship.Config{
		Store: p.db, History: p.db, Embedded: embedded, Keys: keys, RequireSignature: !c.AllowUnsigned,
		Options: out.options, Override: out.override, Forbidden: rollout.Forbidden, Failed: p.metrics.CountBundleError, Logger: p.log,
	})
	out.loader = &ship.Loader{Shipper: out.shipper, Live: out.live, Watch: p.db.Watch, Loaded: p.metrics.SetBundle}
	out.sources, err = p.policySources(c.Sources)
	return out, err
}

// overrideBy lets the bundle of a folder decide on this host.
func (o *policy) overrideBy(ctx context.Context, dir string) (err error) {
	if o.files, err = (policies.Options{BundleDir: dir}).Files(); err != nil {
		return fmt.Errorf("read policy.bundle_dir: %w", err)
	}
	if o.override, err = policies.Load(ctx, o.files, o.options); err != nil {
		return fmt.Errorf("load policy.bundle_dir: %w", err)
	}
	o.live.Swap(o.override)
	return nil
}

// current is the gate that decides on this host, with its files.
func (o *policy) current() (*policies.Gate, archive.Files) {
	if o.override != nil {
		return o.override, o.files
	}
	return o.loader.Current()
}

// running is the gate that decides on this host; nil is none.
func (o *policy) running() *policies.Gate {
	gate, _ := o.live.Pin()
	return gate
}

// judges are the bundles that judge now, as the door wants them.
type judges struct{ *policies.Live }

// Pin returns no typed nil for a gate that is not there.
func (j judges) Pin() (running, beside rollout.Judge) {
	now, next := j.Live.Pin()
	if next != nil {
		beside = next
	}
	return now, beside
}

// load brings the gate in step before anything is served.
func (o *policy) load(ctx context.Context) error {
	if o.override != nil {
		return nil
	}
	return o.loader.Load(ctx)
}

// run follows the bundle that runs, and the places that bundles come from.
func (p *control) followPolicy(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if p.policy.override == nil {
		group.Go(func() error { return p.policy.loader.Run(ctx) })
	}
	for _, source := range p.policy.sources {
		follower := &bundles.Follower{Source: source, Taker: p.policy.shipper, Logger: p.log}
		group.Go(func() error { return follower.Run(ctx) })
	}
	return group.Wait()
}

// streamDecisions sends what is decided to the configured sink.
func (p *control) streamDecisions(ctx context.Context) error {
	sink, err := p.config.Policy.Decisions.sink(map[string]string{"app": "aegis", "environment": p.config.Environment, "version": Version})
	if sink == nil || err != nil {
		return err
	}
	streamer := &decisionlog.Streamer{Store: p.db, Sink: sink, Metrics: p.metrics, Logger: p.log}
	return streamer.Run(ctx)
}

// policySources are where bundles are fetched from.
func (p *control) policySources(configured []PolicySource) ([]bundles.Source, error) {
	limits := archive.DefaultLimits()
	var out []bundles.Source
	for i, s := range configured {
		source := bundles.Source{Name: bundles.WebName(s.URL), Interval: s.Interval}
		u, err := url.Parse(s.URL)
		if err != nil {
			return nil, fmt.Errorf("policy.sources[%d].url: not a URL", i)
		}
		switch u.Scheme {
		case "file":
			source.Fetch = bundles.Directory(filepath.FromSlash(u.Path), limits)
		case "s3":
			source.Fetch, err = p.account.Object(s.URL, limits.Compressed)
		default:
			source.Fetch, err = bundles.Web(bundles.WebOptions{URL: s.URL, TokenFile: s.TokenFile, MaxBytes: limits.Compressed})
		}
		if err != nil {
			return nil, fmt.Errorf("policy.sources[%d]: %w", i, err)
		}
		out = append(out, source)
	}
	return out, nil
}

// policyKeys reads the public keys whose signatures count.
func policyKeys(configured []PolicyKey) (archive.Keys, error) {
	keys := archive.Keys{}
	for i, k := range configured {
		text, err := os.ReadFile(k.File)
		if err != nil {
			return nil, fmt.Errorf("policy.keys[%d].file: %w", i, err)
		}
		key, err := archive.ParsePublicKey(text, k.Algorithm)
		if err != nil {
			return nil, fmt.Errorf("policy.keys[%d] (%s): %w", i, k.File, err)
		}
		key.Scope = k.Scope
		keys[k.ID] = key
	}
	return keys, nil
}
