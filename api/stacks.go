package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) stackRoutes() {
	tags := []string{"stacks"}
	handle(s, huma.Operation{
		OperationID: "list-stacks", Method: http.MethodGet, Path: "/v1/stacks", Tags: tags,
		Summary: "List stacks",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.Stack], error) {
		return listOf(s.Stacks.Stacks(ctx, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-stack", Method: http.MethodGet, Path: "/v1/stacks/{stack_id}", Tags: tags,
		Summary: "Read a stack and its newest applied spec",
	}, func(ctx context.Context, in *StackPath) (*itemOutput[aegis.Stack], error) {
		return itemOf(s.Stacks.Stack(ctx, in.StackID))
	})
	handle(s, huma.Operation{
		OperationID: "get-stack-drift", Method: http.MethodGet, Path: "/v1/stacks/{stack_id}/drift", Tags: tags,
		Summary: "Read what the newest refresh saw: the real resources against the state",
	}, s.stackDrift)
	handle(s, huma.Operation{
		OperationID: "reconcile-stack", Method: http.MethodPost, Path: "/v1/stacks/{stack_id}/reconcile", Tags: tags,
		Summary: "Look at a stack now and correct its drift", DefaultStatus: http.StatusAccepted,
	}, s.reconcileStack)
	s.adoptRoutes(tags)
}

// StackPath names a stack.
type StackPath struct {
	StackID string `path:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
}

type stackAction struct {
	StackPath

	Body *nothing
}

func (s *server) stackDrift(ctx context.Context, in *StackPath) (*itemOutput[aegis.Observation], error) {
	if _, err := s.Stacks.Stack(ctx, in.StackID); err != nil {
		return nil, err
	}
	return itemOf(s.Stacks.Observation(ctx, in.StackID))
}

func (s *server) reconcileStack(ctx context.Context, in *stackAction) (*createdOutput[aegis.Stack], error) {
	stack, err := s.Stacks.Stack(ctx, in.StackID)
	if err != nil {
		return nil, err
	}
	return s.reconcile(ctx, stack)
}

func (s *server) reconcile(ctx context.Context, stack aegis.Stack) (*createdOutput[aegis.Stack], error) {
	if err := s.Queue.EnqueueReconcile(ctx, stack.StackID); err != nil {
		return nil, err
	}
	return &createdOutput[aegis.Stack]{Location: "/v1/stacks/" + stack.StackID, Body: stack}, nil
}

func (s *server) checkRegion(faults *aegis.InvalidError, field, region string) {
	if !slices.Contains(s.Regions, region) {
		faults.Add(field, "the estate's regions are "+strings.Join(s.Regions, ", "))
	}
}
