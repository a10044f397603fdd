// Package apitest serves the real API over a store in memory, for tests of
// what talks to it: handlers, the Go client, the CLI and the pages.
package apitest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aegisworld/aegis"
)

// Store keeps everything in memory. It has the methods that the API and the
// pages need; a test may fill its fields before it serves.
type Store struct {
	Now func() time.Time

	mu           sync.Mutex
	goals        []aegis.Goal
	twins        map[string]string // goal id → twin
	steps        []aegis.AgentStep
	changeSets   []aegis.AutonomousChangeSet
	stacks       []aegis.Stack
	observations map[string]aegis.Observation
	breakers     []aegis.Breaker
	budgets      []aegis.BudgetAccount
	decisions    []aegis.Decision
	drift        []aegis.DriftReport
	rules        []aegis.DriftRule
	suggestions  []aegis.DriftSuggestion
	eventBodies  [][]byte
	incidents    []aegis.SecurityIncident
	traces       []aegis.TaskTrace
	events       []aegis.Event
	watchers     map[chan int64]struct{}
	tokens       []aegis.Token
	sums         map[[32]byte]string
	codes        map[[32]byte]code
	requests     map[string]*request
	reconciles   []string
	simulation   aegis.Simulation
	simulated    []aegis.SimulationRequest
	fault        error
	memories     []aegis.Memory
	agents       []aegis.Agent

	findingBodies [][]byte

	webhooks   []aegis.Webhook
	deliveries []aegis.WebhookDelivery

	bundles       []aegis.PolicyBundle
	pushed        []PushedBundle
	activeDigest  string
	activeArchive []byte
}

type code struct {
	tokenID string
	expires time.Time
}

type request struct {
	sum    [32]byte
	began  time.Time
	free   bool
	answer *aegis.StoredResponse
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		twins: map[string]string{},
		Now:   time.Now, observations: map[string]aegis.Observation{}, watchers: map[chan int64]struct{}{},
		sums: map[[32]byte]string{}, codes: map[[32]byte]code{}, requests: map[string]*request{},
	}
}

// Fail makes every following call fail with err; nil heals the store.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// Reconciles lists the stacks whose reconcile was asked for.
func (s *Store) Reconciles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reconciles)
}

// Ping fails when the store was told to.
func (s *Store) Ping(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// EnqueueReconcile records the wish.
func (s *Store) EnqueueReconcile(_ context.Context, stackID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reconciles = append(s.reconciles, stackID)
	return s.fault
}

// EnqueueStock notes that a look at a region was asked for.
func (s *Store) EnqueueStock(_ context.Context, region string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reconciles = append(s.reconciles, "region "+region)
	return s.fault
}

// page cuts a list, newest first, whose cursors are offsets.
func page[T any](all []T, p aegis.Page) ([]T, string, error) {
	newest := slices.Clone(all)
	slices.Reverse(newest)
	from := 0
	if p.Cursor != "" {
		n, err := strconv.Atoi(p.Cursor)
		if err != nil || n < 0 || n > len(newest) {
			return nil, "", aegis.Invalid("cursor", "it is not one that a list answered")
		}
		from = n
	}
	to := min(from+p.Limit, len(newest))
	if to == len(newest) {
		return newest[from:], "", nil
	}
	return newest[from:to], strconv.Itoa(to), nil
}

func find[T any](all []T, kind, id string, idOf func(T) string) (T, error) {
	if i := slices.IndexFunc(all, func(x T) bool { return idOf(x) == id }); i >= 0 {
		return all[i], nil
	}
	var none T
	return none, fmt.Errorf("%s %s: %w", kind, id, aegis.ErrNotFound)
}

// put replaces the object with the same id, or adds it.
func put[T any](all []T, x T, idOf func(T) string) []T {
	if i := slices.IndexFunc(all, func(y T) bool { return idOf(y) == idOf(x) }); i >= 0 {
		all[i] = x
		return all
	}
	return append(all, x)
}
