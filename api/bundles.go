package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) bundleRoutes() {
	tags := []string{"policy"}
	handle(s, huma.Operation{
		OperationID: "push-policy-bundle", Method: http.MethodPost, Path: "/v1/policies/bundles", Tags: tags,
		Summary: "Propose a policy bundle",
		Description: "It goes through the door as any change does: checked, tested, replayed on history, judged by the rules that " +
			"run, tried beside them, activated, watched.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxBundleBody,
	}, s.pushBundle)
	handle(s, huma.Operation{
		OperationID: "list-policy-bundles", Method: http.MethodGet, Path: "/v1/policies/bundles", Tags: tags,
		Summary: "List the policy bundles that came, and what became of them",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.PolicyBundle], error) {
		if s.Bundles == nil {
			return nil, noBundles()
		}
		return listOf(s.Bundles.PolicyBundles(ctx, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-active-policy-bundle", Method: http.MethodGet, Path: "/v1/policies/bundles/active", Tags: tags,
		Summary: "Read the policy bundle that runs, as a .tar.gz; the ETag is its digest",
	}, s.activeBundle)
	handle(s, huma.Operation{
		OperationID: "rollback-policy-bundle", Method: http.MethodPost, Path: "/v1/policies/bundles/rollback", Tags: tags,
		Summary: "Propose the policy bundle that ran before the running one", DefaultStatus: http.StatusAccepted,
	}, s.rollbackBundle)
}

// BundleRequest is the body of POST /v1/policies/bundles.
type BundleRequest struct {
	Bundle     []byte `json:"bundle" minLength:"1" doc:"An OPA bundle (.tar.gz)"`
	ComposedOn string `json:"composed_on,omitempty" maxLength:"64" pattern:"^[a-z0-9]*$" doc:"Digest of the running bundle that it was composed with; refused when another one runs"`
}

type pushInput struct {
	Body BundleRequest
}

func noBundles() error { return fmt.Errorf("ship policy bundles: %w", aegis.ErrNotImplemented) }

func (s *server) pushBundle(ctx context.Context, in *pushInput) (*createdOutput[aegis.AutonomousChangeSet], error) {
	if s.Bundles == nil {
		return nil, noBundles()
	}
	cs, err := s.Bundles.PushBundle(ctx, principal(ctx), in.Body.Bundle, in.Body.ComposedOn)
	return acceptedChange(cs, err)
}

type emptyPost struct {
	Body *nothing
}

func (s *server) rollbackBundle(ctx context.Context, _ *emptyPost) (*createdOutput[aegis.AutonomousChangeSet], error) {
	if s.Bundles == nil {
		return nil, noBundles()
	}
	cs, err := s.Bundles.RollbackBundle(ctx, principal(ctx))
	return acceptedChange(cs, err)
}

func acceptedChange(cs aegis.AutonomousChangeSet, err error) (*createdOutput[aegis.AutonomousChangeSet], error) {
	if err != nil {
		return nil, err
	}
	return &createdOutput[aegis.AutonomousChangeSet]{Location: "/v1/change-sets/" + cs.ChangeSetID, Body: cs}, nil
}

type archiveOutput struct {
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag"`
	SandboxDir  string `header:"Aegis-Sandbox-Dir"`
	Body        []byte
}

func (s *server) activeBundle(ctx context.Context, _ *struct{}) (*archiveOutput, error) {
	if s.Bundles == nil {
		return nil, noBundles()
	}
	digest, archive, err := s.Bundles.ActiveBundle(ctx)
	if err != nil {
		return nil, err
	}
	return &archiveOutput{ContentType: "application/gzip", ETag: `"` + digest + `"`, SandboxDir: s.SandboxDir, Body: archive}, nil
}
