package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/drift"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/rollout"
)

// TestStoreIsWhatTheConcernsAskFor fails to compile when it is not.
func TestStoreIsWhatTheConcernsAskFor(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	require.NotNil(t, rollout.Config{Store: db}.Store)
	require.NotNil(t, drift.Config{Store: db}.Store)
	require.NotNil(t, drift.Converger{Store: db, Backend: db}.Store)
	require.NotNil(t, agent.Config{Goals: db, Stacks: db, Specs: db, ChangeSets: db}.Goals)
	require.NotNil(t, api.Config{
		Goals: db, ChangeSets: db, Stacks: db, Envelope: db, Decisions: db, Traces: db, Events: db, Auth: db,
		Requests: db, Health: db, Queue: db,
	}.Goals)
}

// cloud is an engine whose resources are the keys of a stack's parameters. It
// notes when two write one stack at once.
type cloud struct {
	mu      sync.Mutex
	real    map[string]map[string]any
	writing map[string]bool
	clashes []string
}

func (c *cloud) Preview(_ context.Context, run aegis.StackRun) (aegis.Plan, error) {
	var want map[string]any
	if err := json.Unmarshal(run.Spec.Parameters, &want); err != nil {
		return aegis.Plan{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := aegis.Plan{StackID: run.Stack.StackID, ResourceCount: len(want)}
	have := c.real[run.Stack.StackID]
	if v := want["n"]; v != have["n"] {
		p.Changes = []aegis.ResourceChange{{
			StackID: p.StackID, Address: "aws_vpc::n", Type: "aws_vpc", Action: aegis.ActionUpdate,
			Before: map[string]any{"n": have["n"]}, After: map[string]any{"n": v},
		}}
	}
	text, err := json.Marshal(p.Changes)
	sum := sha256.Sum256(text)
	p.Digest = hex.EncodeToString(sum[:])
	return p, err
}

func (c *cloud) Refresh(_ context.Context, run aegis.StackRun) (aegis.Observation, error) {
	return aegis.Observation{StackID: run.Stack.StackID, ResourceCount: 1}, nil
}

func (c *cloud) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	id := run.Stack.StackID
	c.enter(id)
	plan, err := c.Preview(ctx, run)
	if err == nil && plan.Digest != digest {
		err = aegis.ErrDigestMismatch
	}
	if err != nil {
		return aegis.ApplyResult{}, errors.Join(err, c.leave(id, nil))
	}
	var want map[string]any
	err = json.Unmarshal(run.Spec.Parameters, &want)
	return aegis.ApplyResult{StackID: id, ResourceCount: 1}, errors.Join(err, c.leave(id, want))
}

func (c *cloud) enter(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing[id] {
		c.clashes = append(c.clashes, id)
	}
	c.writing[id] = true
}

func (c *cloud) leave(id string, now map[string]any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now != nil {
		c.real[id] = now
	}
	c.writing[id] = false
	return nil
}

func (c *cloud) Repair(context.Context, aegis.StackRun) ([]string, error) { return nil, nil }

func (c *cloud) Judge(_ context.Context, in aegis.GateInput) (
	aegis.GateResult, func(context.Context, aegis.GateResult) (aegis.DecisionRecord, error),
) {
	return aegis.GateResult{Deny: []aegis.RuleResult{}, BundleRevision: "test"},
		func(_ context.Context, result aegis.GateResult) (aegis.DecisionRecord, error) {
			document, err := json.Marshal(in)
			return aegis.DecisionRecord{Input: document, Result: result}, err
		}
}

func (c *cloud) Pin() (running, beside rollout.Judge) { return c, nil }

func (c *cloud) Delta([]aegis.ResourceChange) (float64, []string) { return 1, nil }

func (c *cloud) Check(context.Context, []aegis.Check) []aegis.CheckResult { return nil }

func (c *cloud) Validate(aegis.Spec) error { return nil }

func (c *cloud) Contradictions([]aegis.Spec) []aegis.FieldFault { return nil }

// TestWorkersShareTheDoor has two workers on one database pass several change
// sets of the same few stacks through the pipeline.
func TestWorkersShareTheDoor(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	db := openURL(t, url)
	world := &cloud{real: map[string]map[string]any{}, writing: map[string]bool{}}
	newDoor := func(db *postgres.DB) *rollout.Door {
		return rollout.New(rollout.Config{Store: db, Engine: world, Gates: world, Pricer: world, Checker: world, Specs: world, Regions: []string{"eu-west-1"}, Timing: rollout.Timing{Busy: 50 * time.Millisecond}})
	}
	for i := range 3 {
		id := fmt.Sprintf("dev.runtime%d.eu-west-1", i)
		newStack(t, db, id)
		require.NoError(t, db.AddSpecRevision(t.Context(), aegis.SpecRevision{StackID: id, Revision: 1, Spec: aegis.Spec{Version: 1, Parameters: json.RawMessage(`{}`)}}))
	}
	for range 2 {
		own := openURL(t, url)
		door := newDoor(own)
		h := idle()
		h.Step = door.Step
		h.Reap = func(ctx context.Context) error { _, err := door.Reap(ctx); return err }
		startWork(t, own.Work, h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changed, err := db.Watch(ctx)
	require.NoError(t, err)
	door := newDoor(db)
	for i := range 9 {
		_, err := door.Propose(t.Context(), aegis.AutonomousChangeSet{
			Source: aegis.SourceReconcile, Actor: "aegis", Summary: "n", Target: aegis.Target{Kind: aegis.TargetPulumiStack},
			Patches: []aegis.SpecPatch{{StackID: fmt.Sprintf("dev.runtime%d.eu-west-1", i%3), BaseRevision: 1, MergePatch: fmt.Appendf(nil, `{"n":%d}`, i+1)}},
		})
		require.NoError(t, err)
	}

	ended := 0
	for after := int64(0); ended < 9; {
		<-changed
		events, err := db.Events(ctx, "", after, 0)
		require.NoError(t, err)
		for _, e := range events {
			after = e.Seq
			if e.Type == "change_set.promoted" || e.Type == "change_set.failed" || e.Type == "change_set.denied" {
				ended++
			}
		}
	}
	promoted, _, err := db.ChangeSets(t.Context(), aegis.ChangeSetFilter{State: aegis.StatePromoted}, aegis.Page{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(promoted), 3)
	require.Empty(t, world.clashes)
	for id, have := range world.real {
		newest, err := db.SpecRevision(t.Context(), id, 0)
		require.NoError(t, err)
		spec, err := json.Marshal(have)
		require.NoError(t, err)
		require.JSONEq(t, string(spec), string(newest.Spec.Parameters))
	}
	leases, err := db.Leases(t.Context(), []string{"dev.runtime0.eu-west-1", "dev.runtime1.eu-west-1", "dev.runtime2.eu-west-1"})
	require.NoError(t, err)
	require.Empty(t, leases)
	accounts, err := db.Budgets(t.Context())
	require.NoError(t, err)
	require.Zero(t, accounts[0].ReservedUSD)
	require.InDelta(t, float64(len(promoted)), accounts[0].SpentUSD, 0)
}
