// Package front is the sandbox's AWS endpoint: one HTTP handler for all
// regions and services before one emulator per region. It knows every caller
// from the request's signature, judges what it may do, injects faults, keeps a
// journal from which the account is rebuilt after a stop, and writes a
// CloudTrail-format record of every mutating management call.
package front

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// MaxBody is the largest request body that the sandbox takes, in bytes. All of
// it is journaled.
const MaxBody = 32 << 20

// Config says what a Front serves and where it keeps its state.
type Config struct {
	// AccountID is the emulated account's twelve digits.
	AccountID string
	// Regions are the account's regions; global services live in the first.
	Regions []string
	// Dir holds the journals, sessions and records; it exists, mode 0700.
	Dir    string
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Front is the endpoint. Connect an emulator per region, then Seed, then serve.
type Front struct {
	accountID string
	regions   []string
	byName    map[string]*region
	keys      *keyring
	faults    *FaultTable
	records   *Records
	access    *access
	buckets   *bucketMap
	paths     *pathMap
	notes     *notes
	world     *world
	patches   []patch
	logger    *slog.Logger
	now       func() time.Time
	// delivered is the last record from before this front.
	delivered int64
}

// New opens the state in Config.Dir.
func New(cfg Config) (*Front, error) {
	if len(cfg.Regions) == 0 {
		return nil, fmt.Errorf("open the sandbox's front: no region given")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	keys, err := openKeyring(filepath.Join(cfg.Dir, "sessions.json"), cfg.Now)
	if err != nil {
		return nil, err
	}
	records, err := OpenRecords(filepath.Join(cfg.Dir, "cloudtrail.jsonl"))
	if err != nil {
		return nil, err
	}
	f := &Front{
		accountID: cfg.AccountID, regions: cfg.Regions, byName: map[string]*region{}, keys: keys,
		faults: NewFaultTable(), records: records, buckets: newBucketMap(), paths: newPathMap(), notes: newNotes(), patches: patches(), logger: cfg.Logger, now: cfg.Now,
	}
	for _, name := range cfg.Regions {
		j, err := openJournal(filepath.Join(cfg.Dir, "journal-"+name+".jsonl"))
		if err != nil {
			return nil, err
		}
		f.byName[name] = &region{name: name, journal: j}
	}
	if f.world, err = openWorld(filepath.Join(cfg.Dir, "journal-native.jsonl"), cfg.AccountID, f.patches); err != nil {
		return nil, err
	}
	f.access = newAccess(f.loopback())
	f.delivered = records.Last()
	return f, nil
}

// Close closes the front's files. No request or delivery may be under way.
func (f *Front) Close() error {
	for _, r := range f.byName {
		if err := r.journal.close(); err != nil {
			return err
		}
	}
	if err := f.world.journal.close(); err != nil {
		return err
	}
	return f.records.Close()
}

// Faults is the table of faults to inject.
func (f *Front) Faults() *FaultTable { return f.faults }

// Records are the CloudTrail-format records.
func (f *Front) Records() *Records { return f.records }

// primary is the region where global services live.
func (f *Front) primary() *region { return f.byName[f.regions[0]] }

// globalService says that the service has one state for all regions.
func globalService(service string) bool {
	switch service {
	case "iam", "sts", "route53", "cloudfront", "organizations", "globalaccelerator", "budgets", "ce", "support",
		"account", "shield", "savingsplans":
		return true
	}
	return false
}

// home is the region whose emulator serves the call.
func (f *Front) home(c wire.Call) (*region, *wire.APIError) {
	if globalService(c.Service) {
		return f.primary(), nil
	}
	r, ok := f.byName[f.keeper(c)]
	if !ok {
		return nil, c.Refuse(wire.UnknownKey, fmt.Sprintf("region %s is not enabled in this account", c.Region))
	}
	return r, nil
}

// perform does a call that was judged already: it reaches the emulator, is
// journaled, and what it teaches of keys, policies and buckets is learnt.
func (f *Front) perform(ctx context.Context, c wire.Call) (wire.Response, error) {
	home, fault := f.home(c)
	if fault != nil {
		return wire.Response{}, fault
	}
	if p, ok := f.native(c); ok {
		resp, err := f.serveNative(ctx, home, c, p)
		if err == nil && resp.Status < http.StatusBadRequest {
			f.learn(c, resp)
		}
		return resp, err
	}
	if err := f.checkReplicas(ctx, c); err != nil {
		return wire.Response{}, err
	}
	c, err := f.introduced(ctx, f.asked(c))
	if err != nil {
		return wire.Response{}, err
	}
	resp, err := home.do(ctx, c)
	if err != nil || resp.Status >= http.StatusBadRequest {
		return resp, err
	}
	resp = f.mend(ctx, c, resp)
	if c.ReadOnly() {
		return resp, nil
	}
	f.learn(c, resp)
	switch c.Service {
	case "iam":
		f.replicate(ctx, c)
	case "ec2":
		if err := f.repeatPeering(ctx, c, resp); err != nil {
			return resp, err
		}
	case "s3":
		f.copyObject(ctx, c)
	}
	return resp, f.followUp(ctx, c)
}

// replicate repeats an IAM change in the other regions' emulators, which look
// up roles and instance profiles of their own. Answers come from the primary.
func (f *Front) replicate(ctx context.Context, c wire.Call) {
	for _, name := range f.regions[1:] {
		if resp, err := f.byName[name].do(ctx, c); err != nil || resp.Status >= http.StatusBadRequest {
			f.logger.WarnContext(ctx, "replicate iam change", "region", name, "action", c.Action, "status", resp.Status, "error", err)
		}
	}
}
