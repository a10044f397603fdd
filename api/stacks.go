package api

import (
	"context"
	"net/http"
	"path/filepath"
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
		OperationID: "adopt-stack", Method: http.MethodPost, Path: "/v1/stacks", Tags: tags,
		Summary: "Adopt a Terraform workspace", DefaultStatus: http.StatusAccepted,
	}, s.adoptStack)
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

// AdoptRequest is the body of POST /v1/stacks.
type AdoptRequest struct {
	StackID     string                `json:"stack_id" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9.-]*$" doc:"The id that it will have"`
	Kind        aegis.TargetKind      `json:"kind,omitempty" enum:"terraform_workspace"`
	Environment string                `json:"environment" minLength:"1" maxLength:"40" pattern:"^[a-z0-9-]+$"`
	Layer       string                `json:"layer,omitempty" maxLength:"40" pattern:"^[a-z0-9-]+$"`
	Region      string                `json:"region" minLength:"1" maxLength:"40"`
	Source      AdoptRequestWorkspace `json:"source"`
}

// AdoptRequestWorkspace says where the workspace is.
type AdoptRequestWorkspace struct {
	Path          string            `json:"path" minLength:"1" maxLength:"4096" doc:"Absolute path of the working directory on the server"`
	Workspace     string            `json:"workspace,omitempty" maxLength:"90" pattern:"^[A-Za-z0-9_.-]+$" doc:"default when empty"`
	BackendConfig map[string]string `json:"backend_config,omitempty" maxProperties:"50"`
}

type adoptInput struct {
	Body AdoptRequest
}

func (s *server) adoptStack(ctx context.Context, in *adoptInput) (*createdOutput[aegis.Stack], error) {
	if err := s.checkAdoption(in.Body); err != nil {
		return nil, err
	}
	now := s.Now().UTC()
	stack := aegis.Stack{
		StackID: in.Body.StackID, Kind: aegis.TargetTerraformWorkspace, Environment: in.Body.Environment,
		Layer: in.Body.Layer, Region: in.Body.Region, State: aegis.StackPending, CreatedAt: now, UpdatedAt: now,
		Source: &aegis.WorkspaceSource{
			Path: filepath.Clean(in.Body.Source.Path), Workspace: in.Body.Source.Workspace, BackendConfig: in.Body.Source.BackendConfig,
		},
	}
	if existing, err := s.Stacks.Stack(ctx, stack.StackID); err == nil && existing.Kind != stack.Kind {
		return nil, aegis.Invalid("stack_id", "a stack of another kind has this id")
	}
	if err := s.Stacks.UpsertStack(ctx, stack); err != nil {
		return nil, err
	}
	return s.reconcile(ctx, stack)
}

func (s *server) checkAdoption(r AdoptRequest) error {
	var faults aegis.InvalidError
	s.checkRegion(&faults, "region", r.Region)
	if !filepath.IsAbs(r.Source.Path) || !printable(r.Source.Path) {
		faults.Add("source.path", "give an absolute path on the server")
	}
	return faults.OrNil()
}

func (s *server) checkRegion(faults *aegis.InvalidError, field, region string) {
	if !slices.Contains(s.Regions, region) {
		faults.Add(field, "the estate's regions are "+strings.Join(s.Regions, ", "))
	}
}
