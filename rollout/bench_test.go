package rollout_test

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// bench is a door on its fakes.
type bench struct {
	store  *memStore
	world  *world
	gate   *rules
	checks *checks
	door   *rollout.Door
	silent atomic.Bool // the store answers no heartbeats
}

const (
	us = "sandbox.runtime.us-east-1"
	eu = "sandbox.runtime.eu-west-1"
	ap = "sandbox.runtime.ap-southeast-1"
)

// newBench has three clean stacks of one layer, each with parameters
// {"ssm_parameter-a":"1","ssm_parameter-b":"1"}.
func newBench() *bench {
	b := &bench{store: newMemStore(), world: newWorld(), checks: &checks{}}
	b.gate = &rules{world: b.world, result: allow(false, 0)}
	b.door = rollout.New(b.config())
	for _, id := range []string{us, eu, ap} {
		b.addStack(id, `{"ssm_parameter-a":"1","ssm_parameter-b":"1"}`)
	}
	return b
}

func (b *bench) config() rollout.Config {
	return rollout.Config{
		Store: b.store, Engine: b.world, Gates: b.gate, Pricer: prices{}, Checker: b.checks, Specs: anySpec{},
		Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"}, Now: b.store.now,
	}
}

func allow(canary bool, soak int) aegis.GateResult {
	return aegis.GateResult{
		Deny: []aegis.RuleResult{}, Require: aegis.Requirements{Canary: canary, SoakSeconds: soak},
		ExecutionPolicy: aegis.ExecutionPolicy{RollbackPolicy: aegis.RollbackPolicy{Automatic: true}}, BundleRevision: "r1",
	}
}

func denyAll() aegis.GateResult {
	return aegis.GateResult{Deny: []aegis.RuleResult{{Code: "no", Msg: "never"}}}
}

// addStack adds a clean stack at revision 1, or a pending one for "".
func (b *bench) addStack(id, parameters string) {
	name, err := aegis.ParseStackID(id)
	if err != nil {
		panic(err)
	}
	stack := &aegis.Stack{
		StackID: id, Kind: aegis.TargetPulumiStack, Environment: name.Environment, Layer: name.Layer, Region: name.Region,
		State: aegis.StackPending,
	}
	b.store.stacks[id] = stack
	if parameters == "" {
		return
	}
	stack.State, stack.Revision = aegis.StackClean, 1
	b.store.revisions[id] = []aegis.SpecRevision{{StackID: id, Revision: 1, Spec: aegis.Spec{
		Version: aegis.SpecVersion, Environment: name.Environment, Layer: name.Layer, Region: name.Region, Parameters: json.RawMessage(parameters),
	}}}
	b.world.real[id] = parametersOf(b.store.revisions[id][0])
}

func parametersOf(r aegis.SpecRevision) map[string]any {
	out := map[string]any{}
	if err := json.Unmarshal(r.Spec.Parameters, &out); err != nil {
		panic(err)
	}
	return out
}

// patch is a proposal that merges one document into stacks at revision 1.
func patch(merge string, ids ...string) aegis.AutonomousChangeSet {
	cs := aegis.AutonomousChangeSet{
		Source: aegis.SourceGoal, Actor: "planner", Summary: "test", Target: aegis.Target{Kind: aegis.TargetPulumiStack},
	}
	for _, id := range ids {
		cs.Patches = append(cs.Patches, aegis.SpecPatch{StackID: id, BaseRevision: 1, MergePatch: json.RawMessage(merge)})
	}
	return cs
}

func (b *bench) propose(t *testing.T, cs aegis.AutonomousChangeSet) string {
	t.Helper()
	got, err := b.door.Propose(t.Context(), cs)
	require.NoError(t, err)
	return got.ChangeSetID
}

// drain runs jobs, and the reaper, until all change sets are done.
func (b *bench) drain(t *testing.T) {
	t.Helper()
	for range 10_000 {
		job, ok := b.store.nextJob()
		if ok {
			require.NoError(t, b.door.Step(t.Context(), job.id, job.version))
			continue
		}
		if len(b.store.open()) == 0 {
			return
		}
		b.store.advance(40 * time.Second)
		_, err := b.door.Reap(t.Context())
		require.NoError(t, err)
	}
	require.Fail(t, "the pipeline does not come to an end")
}

// steps runs n jobs.
func (b *bench) steps(t *testing.T, n int) {
	t.Helper()
	for range n {
		job, ok := b.store.nextJob()
		require.True(t, ok, "there is no job")
		require.NoError(t, b.door.Step(t.Context(), job.id, job.version))
	}
}

// until runs jobs until the change set is in the phase.
func (b *bench) until(t *testing.T, id string, phase aegis.Phase) {
	t.Helper()
	for range 100 {
		if b.get(t, id).Phase == phase {
			return
		}
		b.steps(t, 1)
	}
	require.Fail(t, "never reached "+string(phase))
}

func (b *bench) get(t *testing.T, id string) aegis.AutonomousChangeSet {
	t.Helper()
	cs, err := b.store.ChangeSet(t.Context(), id)
	require.NoError(t, err)
	return cs
}

// run proposes and drains.
func (b *bench) run(t *testing.T, cs aegis.AutonomousChangeSet) aegis.AutonomousChangeSet {
	t.Helper()
	id := b.propose(t, cs)
	b.drain(t)
	b.sound(t)
	return b.get(t, id)
}

// sound checks what holds at every end.
func (b *bench) sound(t require.TestingT) {
	require.Empty(t, b.world.violations)
	require.Empty(t, b.store.leases, "stacks are given back")
	for _, a := range b.store.accounts {
		require.InDelta(t, 0, a.ReservedUSD, 1e-9, "nothing stays reserved")
	}
	for id, list := range b.store.revisions {
		require.Equal(t, int64(len(list)), b.store.stacks[id].Revision)
		if b.store.stacks[id].State == aegis.StackClean && !b.world.tainted[id] {
			require.Equal(t, parametersOf(list[len(list)-1]), b.world.get(id), "a clean stack is as its spec")
		}
	}
}
