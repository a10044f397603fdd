package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

// maxBundleBody is the largest body of a request that carries a policy bundle,
// in bytes.
const maxBundleBody = 16 << 20

func (s *server) simulateRoutes() {
	handle(s, huma.Operation{
		OperationID: "simulate-policies", Method: http.MethodPost, Path: "/v1/policies/simulate", Tags: []string{"policy"},
		Summary: "Judge history, live stacks or a hypothetical change by a candidate bundle",
		Description: "Changes nothing. Totals are exact, lists hold the first of their kind. " +
			"A simulation that takes too long is a problem of kind timeout.",
		DefaultStatus: http.StatusOK, MaxBodyBytes: maxBundleBody,
		BodyReadTimeout: -1, // whose deadline would end the request itself; limitBody has read the body
	}, s.simulate)
}

// SimulateRequest is the body of POST /v1/policies/simulate.
type SimulateRequest struct {
	Modules      map[string]string       `json:"modules,omitempty" maxProperties:"500" doc:"Rego sources by path, added to the running bundle"`
	Data         map[string]any          `json:"data,omitempty" doc:"Data merged into the running bundle's"`
	Bundle       []byte                  `json:"bundle,omitempty" doc:"An OPA bundle (.tar.gz) instead of the running one"`
	Since        string                  `json:"since,omitempty" maxLength:"40" doc:"How far back recorded decisions go; 720h when nothing else is named" example:"720h"`
	ChangeSetIDs []string                `json:"change_set_ids,omitempty" maxItems:"10000" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" nullable:"true" doc:"Only the recorded decisions about these"`
	Live         bool                    `json:"live,omitempty" doc:"Judge what every stack has now, as if it were introduced today"`
	Diff         []SimulateRequestChange `json:"diff,omitempty" maxItems:"10000" nullable:"true" doc:"A hypothetical difference"`
	Goal         *GoalRequest            `json:"goal,omitempty" doc:"A goal, which is planned and previewed and never proposed"`
}

// SimulateRequestChange is one resource of a hypothetical difference.
type SimulateRequestChange struct {
	StackID   string         `json:"stack_id,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9._-]*$"`
	Address   string         `json:"address" minLength:"1" maxLength:"1000"`
	Type      string         `json:"type" minLength:"1" maxLength:"200" example:"aws_s3_bucket"`
	Region    string         `json:"region,omitempty" maxLength:"40"`
	Action    aegis.Action   `json:"action" enum:"create,update,replace,delete"`
	Before    map[string]any `json:"before,omitempty" nullable:"true"`
	After     map[string]any `json:"after,omitempty" nullable:"true"`
	Unknown   []string       `json:"unknown,omitempty" nullable:"true"`
	Sensitive []string       `json:"sensitive,omitempty" nullable:"true"`
}

type simulateInput struct {
	Body SimulateRequest
}

// simulate answers within SimulateTimeout, or not at all: half a report would
// be taken for a whole one.
func (s *server) simulate(ctx context.Context, in *simulateInput) (*itemOutput[aegis.Simulation], error) {
	if s.Simulator == nil {
		return nil, fmt.Errorf("simulate policies: %w", aegis.ErrNotImplemented)
	}
	r, err := s.simulationRequest(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return within(ctx, s.SimulateTimeout,
		"the simulation did not end within %s; give a shorter since, fewer change_set_ids, or try again when no other one runs",
		func(ctx context.Context) (aegis.Simulation, error) { return s.Simulator.Simulate(ctx, r) })
}

// within has long work end in time, or answer a problem of kind timeout, whose text
// has the time in the place of %s.
func within[T any](ctx context.Context, limit time.Duration, late string, work func(context.Context) (T, error)) (*itemOutput[T], error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result, err := work(bounded)
	if err != nil && errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "timeout", strings.Replace(late, "%s", limit.String(), 1))
	}
	return itemOf(result, err)
}

func (s *server) simulationRequest(ctx context.Context, b SimulateRequest) (aegis.SimulationRequest, error) {
	r := aegis.SimulationRequest{
		Modules: b.Modules, Data: b.Data, Bundle: b.Bundle, Since: b.Since, ChangeSetIDs: b.ChangeSetIDs, Live: b.Live,
	}
	for _, c := range b.Diff {
		r.Diff = append(r.Diff, aegis.ResourceChange(c))
	}
	if b.Goal != nil {
		goal, err := s.newGoal(ctx, *b.Goal)
		if err != nil {
			return r, err
		}
		r.Goal = &goal.GoalSpec
		r.Goal.GoalID = ""
	}
	return r, nil
}
