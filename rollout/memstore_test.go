package rollout_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

// memStore keeps what the door's stores promise in memory, under one lock and
// with a clock that tests move.
type memStore struct {
	mu        sync.Mutex
	clock     time.Time
	rows      map[string]*memRow
	jobs      []memJob
	leases    map[string]*aegis.Lease
	stacks    map[string]*aegis.Stack
	revisions map[string][]aegis.SpecRevision
	accounts  map[string]*aegis.BudgetAccount
	held      map[string]map[string]float64 // change set → scope → reserved
	breakers  []aegis.Breaker
	left      []aegis.DriftRule
	decisions []aegis.Decision
	events    []aegis.Event
	traces    map[string][]aegis.TraceStep
	settled   []string
	history   aegis.History
	commits   []rollout.Step
	running   aegis.RunningPolicy
}

type memRow struct {
	doc    []byte
	memory rollout.Memory
	holder string
	until  time.Time
	due    time.Time
}

type memJob struct {
	id      string
	version int64
	due     time.Time
}

func newMemStore() *memStore {
	return &memStore{
		clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), rows: map[string]*memRow{}, leases: map[string]*aegis.Lease{},
		stacks: map[string]*aegis.Stack{}, revisions: map[string][]aegis.SpecRevision{},
		accounts: map[string]*aegis.BudgetAccount{}, held: map[string]map[string]float64{}, traces: map[string][]aegis.TraceStep{},
		running: aegis.RunningPolicy{Digest: aegis.EmbeddedBundle},
	}
}

func (s *memStore) now() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.clock }

func (s *memStore) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

func (r *memRow) changeSet() (cs aegis.AutonomousChangeSet) {
	if err := json.Unmarshal(r.doc, &cs); err != nil {
		panic(err)
	}
	return cs
}

func (r *memRow) write(cs aegis.AutonomousChangeSet) {
	doc, err := json.Marshal(cs)
	if err != nil {
		panic(err)
	}
	r.doc = doc
}

func (s *memStore) Claim(_ context.Context, id string, version int64, holder string, ttl time.Duration) (rollout.Claimed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[id]
	if !ok {
		return rollout.Claimed{}, aegis.ErrNotFound
	}
	cs := row.changeSet()
	if cs.Version != version || cs.Phase == aegis.PhaseDone {
		return rollout.Claimed{}, aegis.ErrStale
	}
	if row.holder != "" && row.until.After(s.clock) {
		return rollout.Claimed{}, aegis.ErrLeaseHeld
	}
	row.holder, row.until = holder, s.clock.Add(ttl)
	tokens := map[string]int64{}
	for _, l := range s.leases {
		if l.ChangeSetID == id {
			l.FencingToken++
			tokens[l.StackID] = l.FencingToken
		}
	}
	return rollout.Claimed{ChangeSet: cs, Memory: row.memory, Tokens: tokens}, nil
}

func (s *memStore) Heartbeat(_ context.Context, id, holder string, ttl time.Duration) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[id]
	if row == nil || row.holder != holder {
		return 0, aegis.ErrLeaseLost
	}
	row.until = s.clock.Add(ttl)
	return row.changeSet().Version, nil
}

func (s *memStore) Release(_ context.Context, id, holder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if row := s.rows[id]; row != nil && row.holder == holder {
		row.holder, row.due = "", s.clock
	}
	return nil
}

func (s *memStore) CommitStep(_ context.Context, step rollout.Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cs := step.ChangeSet
	row := s.rows[cs.ChangeSetID]
	if row == nil {
		return aegis.ErrNotFound
	}
	if row.changeSet().Version != cs.Version {
		return aegis.ErrStale
	}
	if step.Holder != "" && row.holder != step.Holder {
		return aegis.ErrLeaseLost
	}
	if err := s.refusal(step); err != nil {
		return err
	}
	cs.Version++
	row.write(cs)
	row.memory = remembered(step.Memory)
	if step.Holder != "" && !step.Keep {
		row.holder = ""
	}
	row.due = s.clock
	if step.Next != nil {
		row.due = s.clock.Add(*step.Next)
		s.jobs = append(s.jobs, memJob{cs.ChangeSetID, cs.Version, row.due})
	}
	s.record(step)
	return nil
}

// remembered is a memory as it comes back from JSON.
func remembered(m rollout.Memory) (out rollout.Memory) {
	data, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

func (s *memStore) refusal(step rollout.Step) error {
	id := step.ChangeSet.ChangeSetID
	for _, stack := range step.Own {
		if l := s.leases[stack]; l != nil && l.ChangeSetID != id {
			return aegis.ErrLeaseHeld
		}
	}
	if step.Policy != nil && step.Policy.Was != s.running.Digest {
		return aegis.ErrConflict
	}
	for _, r := range step.Reserve {
		if a := s.accounts[r.Scope]; a != nil && r.USD > 0 && a.LimitUSD >= 0 &&
			a.ReservedUSD-s.held[id][r.Scope]+a.SpentUSD+r.USD > a.LimitUSD {
			return aegis.ErrBudgetExceeded
		}
	}
	for _, r := range step.Revisions {
		if r.Revision != int64(len(s.revisions[r.StackID]))+1 {
			return fmt.Errorf("revision %d of %s: %w", r.Revision, r.StackID, aegis.ErrConflict)
		}
	}
	return nil
}

func (s *memStore) record(step rollout.Step) {
	id := step.ChangeSet.ChangeSetID
	s.commits = append(s.commits, step)
	for _, stack := range step.Own {
		if s.leases[stack] == nil {
			s.leases[stack] = &aegis.Lease{StackID: stack, ChangeSetID: id}
		}
	}
	if step.Disown {
		for stack, l := range s.leases {
			if l.ChangeSetID == id {
				delete(s.leases, stack)
			}
		}
	}
	s.money(step)
	if step.Policy != nil {
		generation := s.running.Generation + 1
		s.running = step.Policy.Next
		s.running.Generation = generation
	}
	for _, r := range step.Revisions {
		s.revisions[r.StackID] = append(s.revisions[r.StackID], r)
		s.stacks[r.StackID].Revision = r.Revision
	}
	for _, u := range step.Stacks {
		stack := s.stacks[u.StackID]
		stack.State, stack.Error = u.State, u.Error
		if u.ResourceCount != nil {
			stack.ResourceCount = *u.ResourceCount
		}
		if u.Reconciled {
			now := s.clock
			stack.LastReconciledAt = &now
		}
	}
	s.breakers = append(s.breakers, step.Breakers...)
	for _, d := range []*aegis.Decision{step.Decision, step.Shadow} {
		if d != nil {
			s.decisions = append(s.decisions, *d)
		}
	}
	s.events = append(s.events, step.Events...)
	s.traces[step.ChangeSet.TraceID] = append(s.traces[step.ChangeSet.TraceID], step.Trace.Steps...)
	if step.SettleGoal {
		s.settled = append(s.settled, step.ChangeSet.GoalID)
	}
}

func (s *memStore) money(step rollout.Step) {
	id := step.ChangeSet.ChangeSetID
	for _, r := range step.Reserve {
		if s.accounts[r.Scope] == nil {
			s.accounts[r.Scope] = &aegis.BudgetAccount{Scope: r.Scope, LimitUSD: r.LimitUSD}
		}
		if s.held[id] == nil {
			s.held[id] = map[string]float64{}
		}
		s.accounts[r.Scope].ReservedUSD += r.USD - s.held[id][r.Scope]
		s.held[id][r.Scope] = r.USD
	}
	if step.Settlement.Kind == rollout.SettleNone {
		return
	}
	for scope, usd := range s.held[id] {
		s.accounts[scope].ReservedUSD -= usd
		if step.Settlement.Kind == rollout.SettleSpend {
			s.accounts[scope].SpentUSD += step.Settlement.USD
		}
	}
	delete(s.held, id)
}

func (s *memStore) Orphans(_ context.Context, overdue time.Duration) ([]rollout.Orphan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []rollout.Orphan
	for id, row := range s.rows {
		cs := row.changeSet()
		if cs.Phase != aegis.PhaseDone && s.orphaned(row, overdue) {
			out = append(out, rollout.Orphan{ChangeSetID: id, Version: cs.Version, Holder: row.holder})
		}
	}
	slices.SortFunc(out, func(a, b rollout.Orphan) int { return int(a.Version - b.Version) })
	return out, nil
}

func (s *memStore) orphaned(row *memRow, overdue time.Duration) bool {
	if row.holder != "" {
		return !row.until.After(s.clock)
	}
	return s.clock.Sub(row.due) > overdue
}

func (s *memStore) Requeue(_ context.Context, o rollout.Orphan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[o.ChangeSetID]
	cs := row.changeSet()
	if cs.Version != o.Version || row.holder != o.Holder || !s.orphaned(row, 0) {
		return aegis.ErrStale
	}
	if row.holder != "" {
		row.holder = ""
		cs.Version++
		row.write(cs)
	}
	row.due = s.clock
	s.jobs = append(s.jobs, memJob{o.ChangeSetID, cs.Version, s.clock})
	return nil
}

func (s *memStore) Defer(_ context.Context, id string, version int64, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = append(s.jobs, memJob{id, version, s.clock.Add(delay)})
	return nil
}

func (s *memStore) InsertChangeSet(_ context.Context, cs aegis.AutonomousChangeSet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := &memRow{due: s.clock}
	row.write(cs)
	s.rows[cs.ChangeSetID] = row
	s.jobs = append(s.jobs, memJob{cs.ChangeSetID, cs.Version, s.clock})
	return nil
}

func (s *memStore) ChangeSet(_ context.Context, id string) (aegis.AutonomousChangeSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[id]
	if row == nil {
		return aegis.AutonomousChangeSet{}, aegis.ErrNotFound
	}
	return row.changeSet(), nil
}

func (s *memStore) Memory(_ context.Context, id string) (rollout.Memory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.rows[id]
	if row == nil {
		return rollout.Memory{}, aegis.ErrNotFound
	}
	return row.memory, nil
}

func (s *memStore) History(context.Context, []string, time.Time) (aegis.History, error) {
	return s.history, nil
}

func (s *memStore) Stack(_ context.Context, id string) (aegis.Stack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stacks[id] == nil {
		return aegis.Stack{}, aegis.ErrNotFound
	}
	return *s.stacks[id], nil
}

func (s *memStore) SpecRevision(_ context.Context, id string, revision int64) (aegis.SpecRevision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.revisions[id]
	if revision == 0 {
		revision = int64(len(list))
	}
	if revision < 1 || revision > int64(len(list)) {
		return aegis.SpecRevision{}, aegis.ErrNotFound
	}
	return list[revision-1], nil
}

func (s *memStore) EnvironmentSpecs(_ context.Context, environment string) ([]aegis.Spec, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []aegis.Spec
	for _, id := range slices.Sorted(maps.Keys(s.stacks)) {
		stack, list := s.stacks[id], s.revisions[id]
		if stack.Environment == environment && stack.State != aegis.StackPending && !stack.Adopted() && len(list) > 0 {
			out = append(out, list[len(list)-1].Spec)
		}
	}
	return out, nil
}

func (s *memStore) Leases(_ context.Context, ids []string) ([]aegis.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []aegis.Lease
	for _, id := range ids {
		if l := s.leases[id]; l != nil {
			out = append(out, *l)
		}
	}
	return out, nil
}

func (s *memStore) RunningPolicy(context.Context) (aegis.RunningPolicy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running, nil
}

func (s *memStore) DriftLeft(context.Context, string) ([]aegis.DriftRule, error) { return s.left, nil }

func (s *memStore) Breakers(context.Context) ([]aegis.Breaker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.breakers), nil
}

func (s *memStore) Budgets(context.Context) ([]aegis.BudgetAccount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []aegis.BudgetAccount
	for _, a := range s.accounts {
		out = append(out, *a)
	}
	return out, nil
}

// nextJob takes the earliest job and moves the clock to when it is due.
func (s *memStore) nextJob() (memJob, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) == 0 {
		return memJob{}, false
	}
	best := 0
	for i, j := range s.jobs {
		if j.due.Before(s.jobs[best].due) {
			best = i
		}
	}
	job := s.jobs[best]
	s.jobs = slices.Delete(s.jobs, best, best+1)
	if job.due.After(s.clock) {
		s.clock = job.due
	}
	return job, true
}

// open lists the change sets that are not done.
func (s *memStore) open() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, row := range s.rows {
		if row.changeSet().Phase != aegis.PhaseDone {
			ids = append(ids, id)
		}
	}
	return ids
}
