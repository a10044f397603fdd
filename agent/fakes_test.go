package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/stacks"
)

var (
	regions = []string{"us-east-1", "eu-west-1", "ap-southeast-1"}  //nolint:gochecknoglobals // constant
	noon    = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // constant
)

// smallEstate is made once: validating it takes a while.
var smallEstate = sync.OnceValues(func() ([]aegis.Spec, error) { //nolint:gochecknoglobals // constant
	return stacks.Estate("small", "dev", regions)
})

type pricer interface {
	Delta(changes []aegis.ResourceChange) (usdMonth float64, unknown []string)
}

// world is an estate in memory whose door applies at once.
type world struct {
	mu        sync.Mutex
	goals     map[string]aegis.Goal
	stacks    []aegis.Stack
	revisions map[string]aegis.SpecRevision
	sets      []aegis.AutonomousChangeSet
	steps     []aegis.TraceStep
	memories  []aegis.Memory
	journal   []aegis.AgentStep
	// refuse, when set, is Propose's answer after so many proposals.
	refuse      error
	refuseAfter int
	applyAtOnce bool
	pricer      pricer
	// foreseen are the codes with which a try of a task is denied, by the task.
	foreseen map[string]string
	// untried is why nothing can be tried.
	untried error
	now     time.Time
}

func newWorld(t require.TestingT) *world {
	w := &world{goals: map[string]aegis.Goal{}, revisions: map[string]aegis.SpecRevision{}, now: noon}
	specs, err := smallEstate()
	require.NoError(t, err)
	for _, spec := range specs {
		id := stacks.StackID(spec)
		w.stacks = append(w.stacks, aegis.Stack{
			StackID: id, Kind: aegis.TargetPulumiStack, Environment: "dev", Layer: spec.Layer, Region: spec.Region,
			State: aegis.StackClean, Revision: 1,
		})
		w.revisions[id] = aegis.SpecRevision{StackID: id, Revision: 1, Spec: spec}
	}
	return w
}

func (w *world) planner() *agent.Planner { return agent.New(w.config()) }

func (w *world) config() agent.Config {
	return agent.Config{
		Goals: w, Stacks: w, Specs: w, ChangeSets: w, Door: w, Pricer: w.pricer, Validate: stacks.Validate, DependsOn: stacks.DependsOn, Regions: regions,
		Journal: w, Now: w.clock,
	}
}

func (w *world) clock() time.Time { return w.now }

// submit runs a goal and returns it and what was proposed for it.
func (w *world) submit(t require.TestingT, spec aegis.GoalSpec) (aegis.Goal, []aegis.AutonomousChangeSet) {
	w.mu.Lock()
	spec.GoalID = fmt.Sprintf("goal-%d", len(w.goals)+1)
	w.goals[spec.GoalID] = aegis.Goal{GoalSpec: spec, State: aegis.GoalAccepted, Submitter: "alice"}
	w.mu.Unlock()
	require.NoError(t, w.planner().Run(context.Background(), spec.GoalID))
	return w.goals[spec.GoalID], w.setsOf(spec.GoalID)
}

// ask submits an intent alone.
func (w *world) ask(t *testing.T, intent string) (aegis.Goal, []aegis.AutonomousChangeSet) {
	t.Helper()
	return w.submit(t, aegis.GoalSpec{Intent: intent})
}

func (w *world) setsOf(goalID string) (sets []aegis.AutonomousChangeSet) {
	for _, cs := range w.sets {
		if cs.GoalID == goalID {
			sets = append(sets, cs)
		}
	}
	return sets
}

func (w *world) Goal(_ context.Context, id string) (aegis.Goal, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, ok := w.goals[id]
	if !ok {
		return g, aegis.ErrNotFound
	}
	return stored(g), nil
}

// stored is a goal as a database keeps it: nobody who has one changes another's.
func stored(g aegis.Goal) aegis.Goal {
	if g.Plan == nil {
		return g
	}
	text, err := json.Marshal(g.Plan)
	if err != nil {
		panic(err)
	}
	g.Plan = &aegis.GoalPlan{}
	if err := json.Unmarshal(text, g.Plan); err != nil {
		panic(err)
	}
	return g
}

func (w *world) UpdateGoal(_ context.Context, g aegis.Goal, steps ...aegis.TraceStep) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.goals[g.GoalID].State; old.Terminal() && old != g.State {
		return aegis.ErrConflict
	}
	w.goals[g.GoalID] = stored(g)
	w.steps = append(w.steps, steps...)
	return nil
}

func (w *world) Stacks(context.Context, aegis.Page) ([]aegis.Stack, string, error) {
	return w.stacks, "", nil
}

func (w *world) SpecRevision(_ context.Context, id string, _ int64) (aegis.SpecRevision, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rev, ok := w.revisions[id]
	if !ok {
		return rev, aegis.ErrNotFound
	}
	return rev, nil
}

func (w *world) ChangeSets(_ context.Context, f aegis.ChangeSetFilter, _ aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var sets []aegis.AutonomousChangeSet
	for _, cs := range w.sets {
		if cs.GoalID == f.GoalID {
			sets = append([]aegis.AutonomousChangeSet{cs}, sets...)
		}
	}
	return sets, "", nil
}

func (w *world) Propose(_ context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil && len(w.sets) >= w.refuseAfter {
		return cs, w.refuse
	}
	if slices.ContainsFunc(w.sets, func(other aegis.AutonomousChangeSet) bool {
		return other.GoalID == cs.GoalID && other.TaskID == cs.TaskID
	}) {
		return cs, aegis.ErrConflict
	}
	cs.ChangeSetID = fmt.Sprintf("cs-%d", len(w.sets)+1)
	cs.PromotionState, cs.CreatedAt = aegis.StateProposed, w.now
	if w.applyAtOnce {
		cs.PromotionState = aegis.StatePromoted
	}
	w.sets = append(w.sets, cs)
	return cs, nil
}

func (w *world) Remember(_ context.Context, m aegis.Memory) (aegis.Memory, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(w.memories, func(other aegis.Memory) bool { return other.MemoryID == m.MemoryID }) {
		m.CreatedAt = w.clock()
		w.memories = append(w.memories, m)
	}
	return m, nil
}

func (w *world) Search(_ context.Context, q memory.Query) ([]aegis.Memory, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []aegis.Memory
	for _, m := range w.memories {
		if (m.AgentID == q.AgentID || slices.Contains(q.Shared, m.AgentID)) && slices.Contains(q.Kinds, m.Kind) {
			found = append(found, m)
		}
	}
	return found, "", nil
}

func (w *world) AgentSteps(_ context.Context, goalID string) (steps []aegis.AgentStep, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.journal {
		if s.GoalID == goalID {
			steps = append(steps, s)
		}
	}
	return steps, nil
}

func (w *world) SaveAgentStep(_ context.Context, step aegis.AgentStep) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.journal, func(s aegis.AgentStep) bool { return s.GoalID == step.GoalID && s.Number == step.Number })
	switch {
	case i < 0:
		w.journal = append(w.journal, step)
	case w.journal[i].EndedAt != nil:
		return aegis.ErrConflict
	default:
		w.journal[i] = step
	}
	return nil
}

func (w *world) Try(_ context.Context, cs aegis.AutonomousChangeSet) (aegis.Trial, error) {
	if w.refuse != nil {
		return aegis.Trial{}, w.refuse
	}
	if w.untried != nil {
		return aegis.Trial{}, w.untried
	}
	trial := aegis.Trial{TaskID: cs.TaskID}
	if why := w.foreseen[cs.TaskID]; why != "" {
		trial.Denials = []aegis.RuleResult{{Code: why, Msg: "no"}}
	}
	return trial, nil
}

func (w *world) Cancel(_ context.Context, id, _ string) error {
	w.end(id, aegis.StateCancelled)
	return nil
}

// end puts a change set into a terminal state.
func (w *world) end(id string, state aegis.PromotionState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.sets {
		if w.sets[i].ChangeSetID == id {
			w.sets[i].PromotionState = state
		}
	}
}

// edit changes a stack's spec behind the planner's back.
func (w *world) edit(t require.TestingT, stackID string, change any) {
	rev := w.revisions[stackID]
	switch change := change.(type) {
	case func(*aegis.NetworkSpec):
		rev.Spec.Parameters = edited(t, rev.Spec.Parameters, change)
	case func(*aegis.SecuritySpec):
		rev.Spec.Parameters = edited(t, rev.Spec.Parameters, change)
	case func(*aegis.DataSpec):
		rev.Spec.Parameters = edited(t, rev.Spec.Parameters, change)
	}
	w.revisions[stackID] = rev
}

func edited[T any](t require.TestingT, raw []byte, change func(*T)) []byte {
	spec := decode[T](t, raw)
	change(&spec)
	out, err := json.Marshal(spec)
	require.NoError(t, err)
	return out
}

// apply writes the goal's patches as new revisions.
func (w *world) apply(t require.TestingT, goalID string) {
	for id, rev := range w.revisions {
		rev.Spec.Parameters = w.after(t, goalID, id)
		rev.Revision++
		w.revisions[id] = rev
	}
}

// after is what a stack's parameters become with the goal's patches.
func (w *world) after(t require.TestingT, goalID, stackID string) []byte {
	parameters := []byte(w.revisions[stackID].Spec.Parameters)
	for _, cs := range w.setsOf(goalID) {
		for _, p := range cs.Patches {
			if p.StackID == stackID {
				merged, err := mergePatch(parameters, p.MergePatch)
				require.NoError(t, err)
				parameters = merged
			}
		}
	}
	return parameters
}

func decode[T any](t require.TestingT, raw []byte) (spec T) {
	require.NoError(t, json.Unmarshal(raw, &spec))
	return spec
}
