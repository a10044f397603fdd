package apitest

import (
	"context"
	"slices"

	"github.com/aegisworld/aegis"
)

// PutSimulation sets the report of every simulation.
func (s *Store) PutSimulation(r aegis.Simulation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.simulation = r
}

// Simulate keeps the request and answers the report that was put, or the
// store's fault.
func (s *Store) Simulate(_ context.Context, r aegis.SimulationRequest) (aegis.Simulation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.simulated = append(s.simulated, r)
	return s.simulation, s.fault
}

// Simulated are the requests so far, oldest first.
func (s *Store) Simulated() []aegis.SimulationRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.simulated)
}
