package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) adoptRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "adopt-stack", Method: http.MethodPost, Path: "/v1/stacks", Tags: tags,
		Summary: "Adopt a Terraform workspace or a Pulumi stack",
		Description: "It is read, and its variables or configuration become its spec. Unless mode says otherwise it is only observed: " +
			"its drift is reported, nothing is written, and change sets for it are refused. A Pulumi stack that is given by its state alone is observed for ever. " +
			"The same stack_id again changes the source, never the mode.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxBundleBody,
	}, s.adoptStack)
	handle(s, huma.Operation{
		OperationID: "set-stack-mode", Method: http.MethodPost, Path: "/v1/stacks/{stack_id}/mode", Tags: tags,
		Summary: "Let an observed workspace be managed, or the other way round",
	}, s.setStackMode)
	handle(s, huma.Operation{
		OperationID: "set-stack-variables", Method: http.MethodPost, Path: "/v1/stacks/{stack_id}/variables", Tags: tags,
		Summary: "Propose other values of a stack's parameters, or of a workspace's variables and those of its whole set", DefaultStatus: http.StatusAccepted,
	}, s.setStackVariables)
	handle(s, huma.Operation{
		OperationID: "unlock-stack", Method: http.MethodPost, Path: "/v1/stacks/{stack_id}/unlock", Tags: tags,
		Summary:     "Remove the named lock of a workspace's remote state, whoever holds it",
		Description: "Make sure that its holder is gone: two that write one state destroy it.",
	}, s.unlockStack)
}

// AdoptRequest is the body of POST /v1/stacks.
type AdoptRequest struct {
	StackID     string                `json:"stack_id" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9.-]*$" doc:"The id that it will have"`
	Kind        aegis.TargetKind      `json:"kind,omitempty" enum:"terraform_workspace,pulumi_stack" doc:"terraform_workspace when empty"`
	Environment string                `json:"environment" minLength:"1" maxLength:"40" pattern:"^[a-z0-9-]+$"`
	Layer       string                `json:"layer,omitempty" maxLength:"40" pattern:"^[a-z0-9-]+$"`
	Region      string                `json:"region" minLength:"1" maxLength:"40"`
	Mode        aegis.StackMode       `json:"mode,omitempty" enum:"observe,managed" doc:"observe when empty"`
	Set         string                `json:"set,omitempty" maxLength:"40" pattern:"^[a-z0-9-]+$" doc:"Names workspaces that one change set may change together, one first"`
	Source      AdoptRequestWorkspace `json:"source"`
}

// AdoptRequestWorkspace says where the workspace or project is.
type AdoptRequestWorkspace struct {
	Path          string            `json:"path,omitempty" maxLength:"4096" doc:"Absolute path of the working directory on the server, below one of terraform.roots"`
	Git           *AdoptRequestGit  `json:"git,omitempty" doc:"A folder of a repository, with a remote state"`
	Archive       []byte            `json:"archive,omitempty" doc:"A .tar.gz, with a remote state"`
	Dir           string            `json:"dir,omitempty" maxLength:"500" doc:"Working directory in the archive"`
	Workspace     string            `json:"workspace,omitempty" maxLength:"90" pattern:"^[A-Za-z0-9_.-]+$" doc:"default when empty"`
	BackendConfig map[string]string `json:"backend_config,omitempty" maxProperties:"50"`
	VarFiles      []string          `json:"var_files,omitempty" maxItems:"20"`
	Variables     map[string]string `json:"variables,omitempty" maxProperties:"200" doc:"Values as in TF_VAR_ variables; nothing secret"`

	Stack          string `json:"stack,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9_.-]+$" doc:"Name of the stack in a Pulumi project"`
	State          []byte `json:"state,omitempty" doc:"A Pulumi stack export, in place of a project"`
	BackendURL     string `json:"backend_url,omitempty" maxLength:"1000" doc:"Where a Pulumi project keeps its state; what Pulumi.yaml says when empty"`
	PassphraseFile string `json:"passphrase_file,omitempty" maxLength:"4096" doc:"A file of the Pulumi project, or an absolute path on the server"`
}

// AdoptRequestGit is a folder of a repository.
type AdoptRequestGit struct {
	URL string `json:"url" minLength:"1" maxLength:"1000"`
	Ref string `json:"ref" minLength:"1" maxLength:"200" doc:"Branch, tag or commit"`
	Dir string `json:"dir,omitempty" maxLength:"500"`
}

type adoptInput struct {
	Body AdoptRequest
}

func noWorkspaces() error { return fmt.Errorf("adopt workspaces: %w", aegis.ErrNotImplemented) }

func (s *server) adoptStack(ctx context.Context, in *adoptInput) (*createdOutput[aegis.Stack], error) {
	if s.Workspaces == nil {
		return nil, noWorkspaces()
	}
	var faults aegis.InvalidError
	s.checkRegion(&faults, "region", in.Body.Region)
	if err := faults.OrNil(); err != nil {
		return nil, err
	}
	kind := cmp.Or(in.Body.Kind, aegis.TargetTerraformWorkspace)
	if err := fitsKind(kind, in.Body); err != nil {
		return nil, err
	}
	src, err := s.adoptedSource(ctx, in.Body.Source)
	if err != nil {
		return nil, err
	}
	now := s.Now().UTC()
	stack := aegis.Stack{
		StackID: in.Body.StackID, Kind: kind, Environment: in.Body.Environment,
		Layer: in.Body.Layer, Region: in.Body.Region, State: aegis.StackPending, CreatedAt: now, UpdatedAt: now,
		Mode: in.Body.Mode, Set: in.Body.Set, Source: &src,
	}
	if stack.Mode == "" {
		stack.Mode = aegis.ModeObserve
	}
	if existing, err := s.Stacks.Stack(ctx, stack.StackID); err == nil {
		if existing.Kind != stack.Kind || !existing.Adopted() {
			return nil, aegis.Invalid("stack_id", "a stack of another kind has this id")
		}
		stack.Mode, stack.State = existing.Mode, existing.State
	}
	if stack.StateOnly() && !stack.Observed() {
		return nil, aegis.Invalid("source.state", stateAlone)
	}
	if err := s.Stacks.UpsertStack(ctx, stack); err != nil {
		return nil, err
	}
	return s.reconcile(ctx, stack)
}

// stateAlone says why a stack without a program can't be managed.
const stateAlone = "is all that is known of the stack: without its program it can only be observed"

// fitsKind checks that what is given is of that kind.
func fitsKind(kind aegis.TargetKind, r AdoptRequest) error {
	pulumi := r.Source.Stack != "" || len(r.Source.State) > 0
	switch {
	case kind == aegis.TargetPulumiStack && !pulumi:
		return aegis.Invalid("source.stack", "name the stack of the project, or give a state")
	case kind == aegis.TargetTerraformWorkspace && (pulumi || r.Source.BackendURL != "" || r.Source.PassphraseFile != ""):
		return aegis.Invalid("kind", "a Pulumi stack is a pulumi_stack")
	case len(r.Source.State) > 0 && r.Mode == aegis.ModeManage:
		return aegis.Invalid("source.state", stateAlone)
	default:
		return nil
	}
}

func (s *server) adoptedSource(ctx context.Context, r AdoptRequestWorkspace) (aegis.WorkspaceSource, error) {
	src := aegis.WorkspaceSource{
		Path: r.Path, Dir: r.Dir, Workspace: r.Workspace, BackendConfig: r.BackendConfig, VarFiles: r.VarFiles, Variables: r.Variables,
		Stack: r.Stack, BackendURL: r.BackendURL, PassphraseFile: r.PassphraseFile,
	}
	if r.Git != nil {
		src.Git = &aegis.GitSource{URL: r.Git.URL, Ref: r.Git.Ref, Dir: r.Git.Dir}
	}
	if len(r.Archive) > 0 {
		src.Archive = "upload" // checked before it is kept
	}
	if len(r.State) > 0 {
		src.Export = "upload"
	}
	src, err := s.Workspaces.CheckSource(src)
	switch {
	case err != nil:
	case len(r.Archive) > 0:
		src.Archive, err = s.Workspaces.KeepArchive(ctx, r.Archive)
	case len(r.State) > 0:
		src.Export, err = s.Workspaces.KeepExport(ctx, r.State)
	}
	return src, err
}

// ModeRequest is the body of POST /v1/stacks/{stack_id}/mode.
type ModeRequest struct {
	Mode aegis.StackMode `json:"mode" enum:"observe,managed"`
}

type modeInput struct {
	StackPath

	Body ModeRequest
}

func (s *server) setStackMode(ctx context.Context, in *modeInput) (*itemOutput[aegis.Stack], error) {
	stack, err := s.Stacks.Stack(ctx, in.StackID)
	if err != nil {
		return nil, err
	}
	if !stack.Adopted() {
		return nil, aegis.Invalid("stack_id", "only adopted stacks have a mode to change")
	}
	if stack.StateOnly() && in.Body.Mode == aegis.ModeManage {
		return nil, aegis.Invalid("mode", "the state "+stateAlone)
	}
	if err := s.Stacks.SetStackMode(ctx, in.StackID, in.Body.Mode); err != nil {
		return nil, err
	}
	if err := s.Queue.EnqueueReconcile(ctx, in.StackID); err != nil {
		return nil, err
	}
	return itemOf(s.Stacks.Stack(ctx, in.StackID))
}

// VariablesRequest is the body of POST /v1/stacks/{stack_id}/variables.
type VariablesRequest struct {
	MergePatch map[string]any `json:"merge_patch" minProperties:"1" doc:"Values by variable or parameter (RFC 7396); null goes back to the default"`
	WholeSet   bool           `json:"whole_set,omitempty" doc:"Change all workspaces of the stack's set, one first"`
	Summary    string         `json:"summary,omitempty" maxLength:"1000"`
}

type variablesInput struct {
	StackPath

	Body VariablesRequest
}

func (s *server) setStackVariables(ctx context.Context, in *variablesInput) (*createdOutput[aegis.AutonomousChangeSet], error) {
	stack, err := s.Stacks.Stack(ctx, in.StackID)
	if err != nil {
		return nil, err
	}
	members := []aegis.Stack{stack}
	if in.Body.WholeSet {
		if members, err = s.setOf(ctx, stack); err != nil {
			return nil, err
		}
	}
	merge, err := json.Marshal(in.Body.MergePatch)
	if err != nil {
		return nil, aegis.Invalid("merge_patch", "must be a JSON object")
	}
	cs := aegis.AutonomousChangeSet{
		Source: aegis.SourceOperator, Actor: principal(ctx).Name, Summary: in.Body.Summary,
		Target: aegis.Target{Kind: stack.Kind},
	}
	if cs.Summary == "" {
		cs.Summary = "Set " + strings.Join(slices.Sorted(maps.Keys(in.Body.MergePatch)), ", ") + " of " + in.StackID
	}
	for _, m := range members {
		cs.Patches = append(cs.Patches, aegis.SpecPatch{StackID: m.StackID, BaseRevision: m.Revision, MergePatch: merge})
	}
	cs, err = s.Door.Propose(ctx, cs)
	return acceptedChange(cs, err)
}

// setOf lists the workspaces of a stack's set.
func (s *server) setOf(ctx context.Context, stack aegis.Stack) ([]aegis.Stack, error) {
	if stack.Set == "" {
		return nil, aegis.Invalid("whole_set", "the stack is of no set")
	}
	return s.stacksThat(ctx, func(x aegis.Stack) bool { return x.Set == stack.Set && x.Kind == stack.Kind })
}

// UnlockRequest is the body of POST /v1/stacks/{stack_id}/unlock.
type UnlockRequest struct {
	LockID string `json:"lock_id" minLength:"1" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9-]*$" doc:"As the stack's error names it"`
}

type unlockInput struct {
	StackPath

	Body UnlockRequest
}

func (s *server) unlockStack(ctx context.Context, in *unlockInput) (*itemOutput[aegis.Stack], error) {
	if s.Workspaces == nil {
		return nil, noWorkspaces()
	}
	stack, err := s.Stacks.Stack(ctx, in.StackID)
	if err != nil {
		return nil, err
	}
	run := aegis.StackRun{Stack: stack, Policy: &aegis.ExecutionPolicy{}}
	if stack.Spec != nil {
		run.Spec = *stack.Spec
	}
	s.Logger.InfoContext(ctx, "lock removed by hand", "stack_id", in.StackID, "lock_id", in.Body.LockID, "principal", principal(ctx).Name)
	if err := s.Workspaces.Unlock(ctx, run, in.Body.LockID); err != nil {
		return nil, err
	}
	if err := s.Queue.EnqueueReconcile(ctx, in.StackID); err != nil {
		return nil, err
	}
	return &itemOutput[aegis.Stack]{Body: stack}, nil
}
