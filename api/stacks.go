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
	handle(s, huma.Operation{
		OperationID: "destroy-stack", Method: http.MethodPost, Path: "/v1/stacks/{stack_id}/destroy", Tags: tags,
		Summary: "Propose to remove all that a stack manages", DefaultStatus: http.StatusAccepted,
		Description: "It is a change set like any other: policy allows it where the stack's parameters have deletable. A stack whose outputs " +
			"others read is refused. The stack stays registered, as pending.",
	}, s.destroyStack)
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

func (s *server) destroyStack(ctx context.Context, in *stackAction) (*createdOutput[aegis.AutonomousChangeSet], error) {
	stack, err := s.Stacks.Stack(ctx, in.StackID)
	if err != nil {
		return nil, err
	}
	if stack.State == aegis.StackPending {
		return nil, aegis.Invalid("stack_id", "has nothing: it was not made, or is destroyed")
	}
	readers, err := s.stacksThat(ctx, func(x aegis.Stack) bool {
		return x.Needs(stack) && x.State != aegis.StackPending
	})
	if err != nil {
		return nil, err
	}
	if len(readers) > 0 {
		ids := make([]string, len(readers))
		for i, x := range readers {
			ids[i] = x.StackID
		}
		return nil, aegis.Invalid("stack_id", "others need it, destroy them first: "+strings.Join(ids, ", "))
	}
	cs, err := s.Door.Propose(ctx, aegis.AutonomousChangeSet{
		Source: aegis.SourceOperator, Actor: principal(ctx).Name, Summary: "Destroy " + stack.StackID,
		Target:  aegis.Target{Kind: stack.Kind},
		Patches: []aegis.SpecPatch{{StackID: stack.StackID, BaseRevision: stack.Revision, MergePatch: []byte("{}"), Destroy: true}},
	})
	return acceptedChange(cs, err)
}

// stacksThat lists the stacks that the condition holds for.
func (s *server) stacksThat(ctx context.Context, is func(aegis.Stack) bool) ([]aegis.Stack, error) {
	var found []aegis.Stack
	page := aegis.Page{Limit: 500}
	for {
		items, next, err := s.Stacks.Stacks(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, x := range items {
			if is(x) {
				found = append(found, x)
			}
		}
		if page.Cursor = next; next == "" {
			return found, nil
		}
	}
}

func (s *server) checkRegion(faults *aegis.InvalidError, field, region string) {
	if !slices.Contains(s.Regions, region) {
		faults.Add(field, "the estate's regions are "+strings.Join(s.Regions, ", "))
	}
}
