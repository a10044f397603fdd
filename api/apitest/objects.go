package apitest

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aegisworld/aegis"
)

func goalID(g aegis.Goal) string                     { return g.GoalID }
func changeSetID(c aegis.AutonomousChangeSet) string { return c.ChangeSetID }
func stackID(s aegis.Stack) string                   { return s.StackID }

// CreateGoal stores a goal and an event.
func (s *Store) CreateGoal(_ context.Context, g aegis.Goal, twin string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return s.fault
	}
	if slices.ContainsFunc(s.goals, func(x aegis.Goal) bool { return x.GoalID == g.GoalID || s.isTwin(x, twin) }) {
		return aegis.ErrConflict
	}
	s.twins[g.GoalID] = twin
	s.goals = append(s.goals, g)
	s.emit("goal", g.GoalID, g.GoalID, "goal."+string(g.State), g)
	return nil
}

func (s *Store) isTwin(g aegis.Goal, twin string) bool {
	return twin != "" && s.twins[g.GoalID] == twin && !g.State.Terminal()
}

// OpenTwin finds the open goal with a twin.
func (s *Store) OpenTwin(_ context.Context, twin string) (aegis.Goal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.goals {
		if s.isTwin(g, twin) {
			return g, nil
		}
	}
	return aegis.Goal{}, aegis.ErrNotFound
}

// PutAgentStep stores a step.
func (s *Store) PutAgentStep(step aegis.AgentStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, step)
}

// AgentSteps lists a goal's.
func (s *Store) AgentSteps(_ context.Context, goalID string) (steps []aegis.AgentStep, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, step := range s.steps {
		if step.GoalID == goalID {
			steps = append(steps, step)
		}
	}
	return steps, s.fault
}

// UpdateGoal replaces a goal and stores an event.
func (s *Store) UpdateGoal(_ context.Context, g aegis.Goal, _ ...aegis.TraceStep) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goals = put(s.goals, g, goalID)
	s.emit("goal", g.GoalID, g.GoalID, "goal."+string(g.State), g)
	return s.fault
}

// Goal reads one.
func (s *Store) Goal(_ context.Context, id string) (aegis.Goal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return aegis.Goal{}, s.fault
	}
	return find(s.goals, "goal", id, goalID)
}

// Goals lists them.
func (s *Store) Goals(_ context.Context, p aegis.Page) ([]aegis.Goal, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return nil, "", s.fault
	}
	return page(s.goals, p)
}

// PutChangeSet stores a change set and an event.
func (s *Store) PutChangeSet(c aegis.AutonomousChangeSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changeSets = put(s.changeSets, c, changeSetID)
	s.emit("change_set", c.ChangeSetID, c.GoalID, "change_set."+string(c.PromotionState), c)
}

// ChangeSet reads one.
func (s *Store) ChangeSet(_ context.Context, id string) (aegis.AutonomousChangeSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.changeSets, "change set", id, changeSetID)
}

// ChangeSets lists those that match.
func (s *Store) ChangeSets(_ context.Context, f aegis.ChangeSetFilter, p aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []aegis.AutonomousChangeSet
	for _, c := range s.changeSets {
		if (f.State == "" || f.State == c.PromotionState) && (f.GoalID == "" || f.GoalID == c.GoalID) &&
			(f.Source == "" || f.Source == c.Source) && (f.StackID == "" || slices.Contains(c.Target.StackIDs, f.StackID)) {
			out = append(out, c)
		}
	}
	return page(out, p)
}

// Rollback proposes the inverse of a change set.
func (s *Store) Rollback(ctx context.Context, id, actor string) (aegis.AutonomousChangeSet, error) {
	old, err := s.ChangeSet(ctx, id)
	if err != nil {
		return old, err
	}
	cs := aegis.AutonomousChangeSet{
		ChangeSetID: aegis.NewID(aegis.ChangeSetPrefix, s.Now()), Source: aegis.SourceRollback, Actor: actor, RollbackOf: id,
		Target: old.Target, Patches: old.Inverse, PromotionState: aegis.StateProposed, Phase: aegis.PhasePlan,
	}
	s.PutChangeSet(cs)
	return cs, nil
}

// Cancel ends a change set; a finished one is a conflict.
func (s *Store) Cancel(ctx context.Context, id, actor string) error {
	cs, err := s.ChangeSet(ctx, id)
	if err != nil {
		return err
	}
	if cs.PromotionState.Terminal() {
		return aegis.ErrConflict
	}
	cs.PromotionState, cs.Phase, cs.Error = aegis.StateCancelled, aegis.PhaseDone, "cancelled by "+actor
	s.PutChangeSet(cs)
	return nil
}

// UpsertStack stores a stack.
func (s *Store) UpsertStack(_ context.Context, x aegis.Stack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stacks = put(s.stacks, x, stackID)
	s.emit("stack", x.StackID, "", "stack."+string(x.State), x)
	return s.fault
}

// Stack reads one.
func (s *Store) Stack(_ context.Context, id string) (aegis.Stack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.stacks, "stack", id, stackID)
}

// Stacks lists them.
func (s *Store) Stacks(_ context.Context, p aegis.Page) ([]aegis.Stack, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return nil, "", s.fault
	}
	return page(s.stacks, p)
}

// PutObservation stores what a refresh saw.
func (s *Store) PutObservation(o aegis.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observations[o.StackID] = o
}

// Observation reads what the newest refresh saw.
func (s *Store) Observation(_ context.Context, id string) (aegis.Observation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.observations[id]
	if !ok {
		return o, aegis.ErrNotFound
	}
	return o, nil
}

// emit stores an event and wakes those who watch; the caller holds the lock.
func (s *Store) emit(kind, id, goal, typ string, object any) {
	data, _ := json.Marshal(object) // core types always encode
	seq := int64(len(s.events) + 1)
	s.events = append(s.events, aegis.Event{Seq: seq, Kind: kind, ID: id, GoalID: goal, Type: typ, Data: data, At: s.Now()})
	for w := range s.watchers {
		select {
		case w <- seq:
		default:
		}
	}
}

// Events lists events after a seq, oldest first.
func (s *Store) Events(_ context.Context, goal string, after int64, limit int) ([]aegis.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []aegis.Event
	for _, e := range s.events {
		if e.Seq > after && (goal == "" || e.GoalID == goal) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, s.fault
}

// WatchGoal tells of new events of whatever until ctx ends.
func (s *Store) WatchGoal(ctx context.Context, _ string) (<-chan int64, error) { return s.Watch(ctx) }

// Watch sends the newest seq.
func (s *Store) Watch(ctx context.Context) (<-chan int64, error) {
	w := make(chan int64, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[w] = struct{}{}
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
		close(w)
	})
	return w, s.fault
}
