// Package ship brings policy bundles to where they run. It takes what is
// pushed and what sources have to the one door, assesses candidates for it,
// and keeps the gate of this process in step with the bundle that runs.
package ship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// store keeps bundles and knows which one runs.
type store interface {
	SavePolicyArchive(ctx context.Context, digest string, archive []byte) error
	// PolicyArchive returns aegis.ErrNotFound when there is none.
	PolicyArchive(ctx context.Context, digest string) ([]byte, error)
	RunningPolicy(ctx context.Context) (aegis.RunningPolicy, error)
	// PolicyBundles lists what came, newest first.
	PolicyBundles(ctx context.Context, page aegis.Page) ([]aegis.PolicyBundle, string, error)
	reports
}

// reports are what is known of bundles that came or ran.
type reports interface {
	// NewestPolicyDigest is that of what a source gave last, "" for nothing.
	NewestPolicyDigest(ctx context.Context, source string) (string, error)
	RefusePolicyBundle(ctx context.Context, refused aegis.PolicyBundle) error
	// PolicyFaults counts decisions without an answer.
	PolicyFaults(ctx context.Context, revision string, shadow bool, since time.Time) (aegis.PolicyFaults, error)
}

// door takes proposals.
type door interface {
	ProposeBundle(ctx context.Context, by aegis.Principal, p aegis.BundleProposal) (aegis.AutonomousChangeSet, error)
	RollbackBundle(ctx context.Context, by aegis.Principal) (aegis.AutonomousChangeSet, error)
}

// history streams what the gate decided, newest first.
type history interface {
	RecordedDecisions(ctx context.Context, since time.Time, changeSetIDs []string) iter.Seq2[aegis.Decision, error]
}

// Config is what a Shipper is made of.
type Config struct {
	Store   store
	Door    door
	History history
	// Embedded is the bundle inside the binary.
	Embedded archive.Files
	// Keys are those whose signatures count. RequireSignature refuses bundles
	// without one.
	Keys             archive.Keys
	RequireSignature bool
	// Options are those of the gate, such as settings that override the
	// bundle's.
	Options policies.Options
	// TestTimeout bounds each test of a candidate; 0 is 15 s.
	TestTimeout time.Duration
	// Override is the bundle that an operator of this host runs instead of
	// whatever else would; nil is none.
	Override *policies.Gate
	// Forbidden is what the door denies beside policy.
	Forbidden func(input aegis.GateInput, result aegis.GateResult) []aegis.RuleResult
	// Failed is told of each bundle that fails: by "fetch", "read", "refused"
	// or "load". It may be nil.
	Failed func(reason string)
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Shipper takes bundles and assesses them. It is safe for concurrent use.
type Shipper struct{ Config }

// New makes a shipper of its parts.
func New(c Config) *Shipper {
	if c.Failed == nil {
		c.Failed = func(string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.TestTimeout <= 0 {
		c.TestTimeout = 15 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Shipper{c}
}

// read unpacks an archive. An InvalidError says what is wrong with it.
func read(packed []byte) (archive.Files, error) {
	files, err := archive.ReadTar(bytes.NewReader(packed), archive.DefaultLimits())
	if err != nil {
		return nil, aegis.Invalid("bundle", clip(err.Error()))
	}
	if len(files) == 0 {
		return nil, aegis.Invalid("bundle", "there is nothing in it")
	}
	return files, nil
}

// files are those of a bundle that is known.
func (s *Shipper) files(ctx context.Context, digest string) (archive.Files, error) {
	if digest == aegis.EmbeddedBundle {
		return s.Embedded, nil
	}
	packed, err := s.Store.PolicyArchive(ctx, digest)
	if err != nil {
		return nil, err // which says what was attempted
	}
	files, err := read(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack policy bundle %s: %w", digest, err)
	}
	return files, nil
}

// verify checks the signature and returns the id of the key.
func (s *Shipper) verify(files archive.Files) (string, error) {
	signer, err := archive.Verify(files, s.Keys)
	if errors.Is(err, archive.ErrUnsigned) && !s.RequireSignature {
		return "", nil
	}
	if err != nil {
		return "", aegis.Invalid("bundle", clip(err.Error()))
	}
	return signer, nil
}
