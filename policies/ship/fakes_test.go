package ship_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/ship"
)

var errGone = errors.New("database is gone")

// fakeStore keeps bundles in memory; err fails everything.
type fakeStore struct {
	mu       sync.Mutex
	archives map[string][]byte
	running  aegis.RunningPolicy
	newest   map[string]string
	refused  []aegis.PolicyBundle
	listed   []aegis.PolicyBundle
	faults   aegis.PolicyFaults
	err      error
}

func (s *fakeStore) SavePolicyArchive(_ context.Context, digest string, packed []byte) error {
	if s.err == nil {
		s.archives[digest] = packed
	}
	return s.err
}

func (s *fakeStore) PolicyArchive(_ context.Context, digest string) ([]byte, error) {
	packed, ok := s.archives[digest]
	if !ok {
		return nil, aegis.ErrNotFound
	}
	return packed, s.err
}

func (s *fakeStore) RunningPolicy(context.Context) (aegis.RunningPolicy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running, s.err
}

func (s *fakeStore) run(r aegis.RunningPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = r
}

func (s *fakeStore) PolicyBundles(context.Context, aegis.Page) ([]aegis.PolicyBundle, string, error) {
	return s.listed, "", s.err
}

func (s *fakeStore) NewestPolicyDigest(_ context.Context, source string) (string, error) {
	return s.newest[source], s.err
}

func (s *fakeStore) RefusePolicyBundle(_ context.Context, refused aegis.PolicyBundle) error {
	s.refused = append(s.refused, refused)
	return s.err
}

func (s *fakeStore) PolicyFaults(context.Context, string, bool, time.Time) (aegis.PolicyFaults, error) {
	return s.faults, s.err
}

// fakeDoor remembers what was proposed.
type fakeDoor struct {
	by        []string
	proposals []aegis.BundleProposal
	rollbacks int
}

func (d *fakeDoor) ProposeBundle(_ context.Context, by aegis.Principal, p aegis.BundleProposal) (aegis.AutonomousChangeSet, error) {
	d.by = append(d.by, by.Name)
	d.proposals = append(d.proposals, p)
	return aegis.AutonomousChangeSet{ChangeSetID: "chg-1"}, nil
}

func (d *fakeDoor) RollbackBundle(context.Context, aegis.Principal) (aegis.AutonomousChangeSet, error) {
	d.rollbacks++
	return aegis.AutonomousChangeSet{ChangeSetID: "chg-2"}, nil
}

// fakeHistory streams decisions.
type fakeHistory []aegis.Decision

func (h fakeHistory) RecordedDecisions(context.Context, time.Time, []string) iter.Seq2[aegis.Decision, error] {
	return func(yield func(aegis.Decision, error) bool) {
		for _, d := range h {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// bench is a shipper with its fakes.
type bench struct {
	*ship.Shipper

	store  *fakeStore
	door   *fakeDoor
	failed []string
}

func newBench(t *testing.T, change func(*ship.Config)) *bench {
	t.Helper()
	files, err := policies.Embedded()
	require.NoError(t, err)
	b := &bench{
		store: &fakeStore{archives: map[string][]byte{}, newest: map[string]string{}, running: aegis.RunningPolicy{Digest: aegis.EmbeddedBundle, Generation: 1}},
		door:  &fakeDoor{},
	}
	c := ship.Config{
		Store: b.store, Door: b.door, History: fakeHistory{}, Embedded: files,
		Failed: func(reason string) { b.failed = append(b.failed, reason) },
		Now:    func() time.Time { return time.Date(2026, 5, 13, 10, 30, 0, 0, time.UTC) },
	}
	if change != nil {
		change(&c)
	}
	b.Shipper = ship.New(c)
	return b
}

// keep saves a bundle that is composed of the embedded one and files, by path
// and text, and returns its digest.
func (b *bench) keep(t *testing.T, pairs ...string) string {
	t.Helper()
	files, err := archive.Compose(b.Embedded, bundle(pairs...))
	require.NoError(t, err)
	return b.save(t, files)
}

func (b *bench) save(t *testing.T, files archive.Files) string {
	t.Helper()
	b.store.archives[files.Digest()] = packed(t, files)
	return files.Digest()
}

func bundle(pairs ...string) archive.Files {
	files := archive.Files{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = []byte(pairs[i+1])
	}
	return files
}

func packed(t *testing.T, files archive.Files) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, files.Tar(&out))
	return out.Bytes()
}

// decision is one that was allowed, of a change by source.
func decision(t *testing.T, id string, source aegis.Source) aegis.Decision {
	t.Helper()
	input, err := json.Marshal(aegis.GateInput{
		Diff: []aegis.ResourceChange{}, Inverse: []aegis.ResourceChange{}, Source: source,
		ChangeSet: aegis.GateChangeSet{ChangeSetID: id, Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{"s"}, Regions: []string{"eu-west-1"}}},
		Budget:    aegis.GateBudget{LimitUSDMonth: -1}, Regions: []string{"eu-west-1"}, Breakers: []aegis.Breaker{}, Stacks: map[string]aegis.Stack{},
		Now: time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	return aegis.Decision{DecisionID: id, ChangeSetID: id, Input: input, Allowed: true}
}

// reasons are those of an InvalidError, one a line.
func reasons(t *testing.T, err error) string {
	t.Helper()
	var invalid *aegis.InvalidError
	require.ErrorAs(t, err, &invalid)
	lines := make([]string, len(invalid.Faults))
	for i, f := range invalid.Faults {
		require.Equal(t, "bundle", f.Field)
		lines[i] = f.Message
	}
	return strings.Join(lines, "\n")
}
