package drift_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
)

// estate is store, engine and door at once, in memory.
type estate struct {
	now       time.Time
	stacks    []aegis.Stack
	revisions map[string]aegis.SpecRevision
	leases    []aegis.Lease
	sets      []aegis.AutonomousChangeSet
	seen      map[string]aegis.Observation
	asked     []string
	reports   []aegis.DriftReport
	told      []string // what events said of reports
	events    []aegis.CloudEvent
	pending   []aegis.PendingEvent
	resources []aegis.IndexedResource
	targets   [][]string // of each refresh
	rules     []aegis.DriftRule
	met       []string
	breakers  []aegis.Breaker

	versions   aegis.EngineVersions
	drifted    []aegis.ResourceChange
	refreshErr error
	imported   *aegis.Spec
	parameters func([]aegis.DriftChange) (string, []aegis.DriftChange)
	decision   func(aegis.DriftedAttribute) aegis.DriftDecision // nil corrects
	during     func()                                           // happens while the engine looks
}

const id = "sandbox.runtime.eu-west-1"

func newEstate() *estate {
	return &estate{
		now:       time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		stacks:    []aegis.Stack{{StackID: id, Kind: aegis.TargetPulumiStack, State: aegis.StackClean, Revision: 1}},
		revisions: map[string]aegis.SpecRevision{id: {StackID: id, Revision: 1}}, seen: map[string]aegis.Observation{},
	}
}

func (e *estate) reconciler() *drift.Reconciler {
	return drift.New(drift.Config{Store: e, Engine: e, Door: e, Policy: e, Parameters: e, Batch: 2, Now: func() time.Time { return e.now }})
}

func (e *estate) index(stackID string) int {
	return slices.IndexFunc(e.stacks, func(s aegis.Stack) bool { return s.StackID == stackID })
}

func (e *estate) Stack(_ context.Context, stackID string) (aegis.Stack, error) {
	i := e.index(stackID)
	if i < 0 {
		return aegis.Stack{}, aegis.ErrNotFound
	}
	return e.stacks[i], nil
}

func (e *estate) Stacks(_ context.Context, page aegis.Page) ([]aegis.Stack, string, error) {
	half := (len(e.stacks) + 1) / 2
	if page.Cursor == "" {
		return e.stacks[:half], "more", nil
	}
	return e.stacks[half:], "", nil
}

func (e *estate) SetStackState(_ context.Context, stackID string, state aegis.StackState, text string, count int, at *time.Time) error {
	s := &e.stacks[e.index(stackID)]
	s.State, s.Error, s.ResourceCount = state, text, count
	if at != nil {
		s.LastReconciledAt = at
	}
	return nil
}

func (e *estate) SaveObservation(_ context.Context, o aegis.Observation) error {
	e.seen[o.StackID] = o
	return nil
}

func (e *estate) SpecRevision(_ context.Context, stackID string, _ int64) (aegis.SpecRevision, error) {
	r, ok := e.revisions[stackID]
	if !ok {
		return r, aegis.ErrNotFound
	}
	return r, nil
}

func (e *estate) AddSpecRevision(_ context.Context, r aegis.SpecRevision) error {
	e.revisions[r.StackID] = r
	e.stacks[e.index(r.StackID)].Revision = r.Revision
	return nil
}

func (e *estate) Leases(_ context.Context, stackIDs []string) ([]aegis.Lease, error) {
	var out []aegis.Lease
	for _, l := range e.leases {
		if slices.Contains(stackIDs, l.StackID) {
			out = append(out, l)
		}
	}
	return out, nil
}

func (e *estate) ChangeSets(_ context.Context, f aegis.ChangeSetFilter, _ aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
	var out []aegis.AutonomousChangeSet
	for _, cs := range slices.Backward(e.sets) {
		if cs.Source == f.Source && slices.Contains(cs.Target.StackIDs, f.StackID) {
			out = append(out, cs)
		}
	}
	return out, "", nil
}

func (e *estate) EnqueueReconcile(_ context.Context, stackID string) error {
	e.asked = append(e.asked, stackID)
	return nil
}

func (e *estate) Observation(_ context.Context, stackID string) (aegis.Observation, error) {
	o, ok := e.seen[stackID]
	if !ok {
		return o, aegis.ErrNotFound
	}
	return o, nil
}

func (e *estate) UpdateDrift(_ context.Context, _ string, decide func([]aegis.DriftReport) []aegis.DriftWrite) error {
	var open []aegis.DriftReport
	for _, r := range e.reports {
		if r.State == aegis.DriftOpen || r.State == aegis.DriftReported {
			open = append(open, r)
		}
	}
	for _, w := range decide(open) {
		i := slices.IndexFunc(e.reports, func(r aegis.DriftReport) bool { return r.DriftReportID == w.Report.DriftReportID })
		if i < 0 {
			e.reports = append(e.reports, w.Report)
		} else {
			e.reports[i] = w.Report
		}
		if w.Event != "" {
			e.told = append(e.told, w.Event)
		}
	}
	return nil
}

func (e *estate) CloudEvents(_ context.Context, _ string, _ []string, since, until time.Time) ([]aegis.CloudEvent, error) {
	return slices.DeleteFunc(slices.Clone(e.events), func(v aegis.CloudEvent) bool {
		return v.At.Before(since) || v.At.After(until)
	}), nil
}

func (e *estate) StackResources(context.Context, string) ([]aegis.IndexedResource, error) {
	return e.resources, nil
}

func (e *estate) PendingEvents(context.Context, string) ([]aegis.PendingEvent, error) {
	return slices.Clone(e.pending), nil
}

func (e *estate) SeeEvents(_ context.Context, _ string, ids []string) error {
	e.pending = slices.DeleteFunc(e.pending, func(p aegis.PendingEvent) bool { return slices.Contains(ids, p.EventID) })
	return nil
}

func (e *estate) Refresh(_ context.Context, run aegis.StackRun) (aegis.Observation, error) {
	e.targets = append(e.targets, run.Targets)
	if e.during != nil {
		e.during()
	}
	seen := aegis.Observation{ResourceCount: 7, ObservedAt: e.now, Targets: run.Targets, Versions: e.versions}
	for _, d := range e.drifted {
		if len(run.Targets) == 0 || slices.Contains(run.Targets, d.Address) {
			seen.Drift = append(seen.Drift, d)
		}
	}
	seen.StackID = run.Stack.StackID
	return seen.Expect(e.rules), e.refreshErr
}

func (e *estate) DriftRules(_ context.Context, stackID string) ([]aegis.DriftRule, error) {
	return slices.DeleteFunc(slices.Clone(e.rules), func(r aegis.DriftRule) bool { return r.StackID != stackID }), nil
}

func (e *estate) DriftReport(_ context.Context, id string) (aegis.DriftReport, error) {
	for _, r := range e.reports {
		if r.DriftReportID == id {
			return r, nil
		}
	}
	return aegis.DriftReport{}, aegis.ErrNotFound
}

func (e *estate) Adoption(_ context.Context, _ aegis.Stack, _ aegis.Spec, changes []aegis.DriftChange) (json.RawMessage, []aegis.DriftChange, error) {
	if e.parameters == nil {
		return json.RawMessage(`{}`), changes, nil
	}
	patch, missing := e.parameters(changes)
	return json.RawMessage(patch), missing, nil
}

func (e *estate) MeetDriftRules(_ context.Context, ids []string) error {
	e.met = append(e.met, ids...)
	for i := range e.rules {
		if slices.Contains(ids, e.rules[i].RuleID) {
			e.rules[i].LastMetAt = new(e.now)
		}
	}
	return nil
}

func (e *estate) Breakers(context.Context) ([]aegis.Breaker, error) {
	return slices.Clone(e.breakers), nil
}

func (e *estate) OpenBreaker(_ context.Context, b aegis.Breaker) (aegis.Breaker, error) {
	e.breakers = append([]aegis.Breaker{b}, e.breakers...)
	return b, nil
}

func (e *estate) ImportSpec(context.Context, aegis.Stack) (aegis.Spec, error) {
	if e.imported == nil {
		return aegis.Spec{}, aegis.ErrNotFound
	}
	return *e.imported, nil
}

func (e *estate) Propose(_ context.Context, cs aegis.AutonomousChangeSet) (aegis.AutonomousChangeSet, error) {
	cs.ChangeSetID, cs.PromotionState, cs.UpdatedAt = "cs", aegis.StateProposed, e.now
	e.sets = append(e.sets, cs)
	return cs, nil
}

func differs() []aegis.ResourceChange { return []aegis.ResourceChange{{Address: "aws_x.y"}} }

func TestReconcile(t *testing.T) {
	t.Parallel()
	t.Run("says clean", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.StackClean, e.stacks[0].State)
		require.Equal(t, 7, e.stacks[0].ResourceCount)
		require.Equal(t, e.now, *e.stacks[0].LastReconciledAt)
		require.Equal(t, id, e.seen[id].StackID)
		require.Empty(t, e.sets)
	})
	t.Run("says drifted and proposes one correction without patches", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		e.drifted = differs()
		r := e.reconciler()
		require.NoError(t, r.Reconcile(t.Context(), id))
		require.NoError(t, r.Reconcile(t.Context(), id))
		require.Equal(t, aegis.StackDrifted, e.stacks[0].State)
		require.Len(t, e.sets, 1)
		require.Equal(t, aegis.SourceDrift, e.sets[0].Source)
		require.Empty(t, e.sets[0].Patches)
		require.Equal(t, []string{id}, e.sets[0].Target.StackIDs)
	})
	t.Run("waits a while after a correction that was in vain", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		e.drifted = differs()
		r := e.reconciler()
		require.NoError(t, r.Reconcile(t.Context(), id))
		e.sets[0].PromotionState = aegis.StateDenied
		require.NoError(t, r.Reconcile(t.Context(), id))
		require.Len(t, e.sets, 1)
		e.now = e.now.Add(3 * time.Minute)
		require.NoError(t, r.Reconcile(t.Context(), id))
		require.Len(t, e.sets, 2)
	})
	t.Run("reports drift of an observed stack and leaves it alone", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		e.stacks[0].Mode, e.drifted = aegis.ModeObserve, differs()
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.StackDrifted, e.stacks[0].State)
		require.Empty(t, e.sets)
	})
	t.Run("an error is unknown, never drifted", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		e.drifted, e.refreshErr = differs(), errors.New("throttled")
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.StackUnknown, e.stacks[0].State)
		require.Contains(t, e.stacks[0].Error, "throttled")
		require.Nil(t, e.stacks[0].LastReconciledAt)
		require.Empty(t, e.sets)
	})
	t.Run("a look that was stopped writes nothing", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		ctx, stop := context.WithCancel(t.Context())
		e.during, e.refreshErr = stop, context.Canceled
		require.ErrorIs(t, e.reconciler().Reconcile(ctx, id), context.Canceled)
		require.Equal(t, aegis.StackClean, e.stacks[0].State)
	})
	t.Run("leaves a stack alone that a change set owns", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		e.leases = []aegis.Lease{{StackID: id, ChangeSetID: "cs-1"}}
		e.drifted = differs()
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Empty(t, e.seen)
	})
	t.Run("throws away what it saw when a change set came between", func(t *testing.T) {
		t.Parallel()
		for _, between := range []func(*estate){
			func(e *estate) { e.leases = []aegis.Lease{{StackID: id, ChangeSetID: "cs-1"}} },
			func(e *estate) { e.stacks[0].Revision = 2 },
		} {
			e := newEstate()
			e.drifted, e.during = differs(), func() { between(e) }
			require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
			require.Empty(t, e.seen)
			require.Empty(t, e.sets)
		}
	})
	t.Run("imports the spec of a stack made elsewhere", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		delete(e.revisions, id)
		e.stacks[0].State, e.stacks[0].Revision = aegis.StackPending, 0
		e.imported = &aegis.Spec{Layer: "runtime"}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, "runtime", e.revisions[id].Spec.Layer)
		require.Equal(t, int64(1), e.stacks[0].Revision)
		require.Equal(t, aegis.StackClean, e.stacks[0].State)
	})
	t.Run("leaves a stack pending in which nothing was made", func(t *testing.T) {
		t.Parallel()
		e := newEstate()
		delete(e.revisions, id)
		e.stacks[0].State, e.stacks[0].Revision = aegis.StackPending, 0
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.StackPending, e.stacks[0].State)
	})
	t.Run("does not know other stacks", func(t *testing.T) {
		t.Parallel()
		require.ErrorIs(t, newEstate().reconciler().Reconcile(t.Context(), "a.b.c"), aegis.ErrNotFound)
	})
}

func TestSweep(t *testing.T) {
	t.Parallel()
	e := newEstate()
	at := func(ago time.Duration) *time.Time { return new(e.now.Add(-ago)) }
	e.stacks = []aegis.Stack{
		{StackID: "fresh", Revision: 1, LastReconciledAt: at(time.Minute)},
		{StackID: "old", Revision: 1, LastReconciledAt: at(time.Hour)},
		{StackID: "older", Revision: 1, LastReconciledAt: at(2 * time.Hour)},
		{StackID: "broken", Revision: 1, State: aegis.StackUnknown},
		{StackID: "removed", Revision: 3, State: aegis.StackPending},
	}
	r := e.reconciler()
	require.NoError(t, r.Sweep(t.Context()))
	require.Equal(t, []string{"broken", "older"}, e.asked, "the longest unseen first, two at a time")
	e.now = e.now.Add(time.Second)
	require.NoError(t, r.Sweep(t.Context()))
	require.Equal(t, []string{"broken", "older", "old"}, e.asked, "one that can't be seen does not come first for ever")
	e.now = e.now.Add(6 * time.Minute)
	require.NoError(t, r.Sweep(t.Context()))
	require.Equal(t, []string{"fresh", "older"}, e.asked[3:])
}

func (e *estate) DecideDrift(_ context.Context, seen aegis.DriftedAttribute) (aegis.DriftDecision, string) {
	if e.decision == nil {
		return aegis.CorrectDrift, ""
	}
	return e.decision(seen), ""
}

func (e *estate) DriftReports(_ context.Context, f aegis.DriftFilter, _ aegis.Page) ([]aegis.DriftReport, string, error) {
	var out []aegis.DriftReport
	for _, r := range e.reports {
		if (f.StackID == "" || r.StackID == f.StackID) && r.Kind == f.Kind && r.State == f.State {
			out = append(out, r)
		}
	}
	return out, "", nil
}
