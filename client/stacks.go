package client

import (
	"context"
	"net/url"

	"github.com/aegisworld/aegis"
)

// Stack reads a stack and its newest applied spec.
func (c *Client) Stack(ctx context.Context, id string) (aegis.Stack, error) {
	return get[aegis.Stack](ctx, c, "/v1/stacks/"+url.PathEscape(id), nil)
}

// Stacks lists stacks.
func (c *Client) Stacks(ctx context.Context, p aegis.Page) (List[aegis.Stack], error) {
	return get[List[aegis.Stack]](ctx, c, "/v1/stacks", pageQuery(p))
}

// StackDrift reads what the newest refresh of a stack saw.
func (c *Client) StackDrift(ctx context.Context, id string) (aegis.Observation, error) {
	return get[aegis.Observation](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/drift", nil)
}

// ReconcileStack asks for a look at a stack now.
func (c *Client) ReconcileStack(ctx context.Context, id string) (aegis.Stack, error) {
	return post[aegis.Stack](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/reconcile", nil)
}

// Adoption describes a Terraform workspace or a Pulumi stack to adopt.
type Adoption struct {
	StackID string `json:"stack_id"`
	// Kind is aegis.TargetTerraformWorkspace when empty.
	Kind        aegis.TargetKind `json:"kind,omitempty"`
	Environment string           `json:"environment"`
	Layer       string           `json:"layer,omitempty"`
	Region      string           `json:"region"`
	// Mode is aegis.ModeObserve when empty.
	Mode aegis.StackMode `json:"mode,omitempty"`
	// Set names workspaces that are changed together.
	Set    string         `json:"set,omitempty"`
	Source AdoptionSource `json:"source"`
}

// AdoptionSource is exactly one of a path on the server, a folder of a
// repository, a .tar.gz, and a Pulumi stack's state, and how the engine is to
// read it.
type AdoptionSource struct {
	Path          string            `json:"path,omitempty"`
	Git           *aegis.GitSource  `json:"git,omitempty"`
	Archive       []byte            `json:"archive,omitempty"`
	Dir           string            `json:"dir,omitempty"`
	Workspace     string            `json:"workspace,omitempty"`
	BackendConfig map[string]string `json:"backend_config,omitempty"`
	VarFiles      []string          `json:"var_files,omitempty"`
	Variables     map[string]string `json:"variables,omitempty"`

	// Stack is the name of the stack in a Pulumi project.
	Stack string `json:"stack,omitempty"`
	// State is what `pulumi stack export` wrote.
	State []byte `json:"state,omitempty"`
	// BackendURL is where a project keeps its state, if Pulumi.yaml does not say.
	BackendURL string `json:"backend_url,omitempty"`
	// PassphraseFile is a file of the project, or an absolute path on the server.
	PassphraseFile string `json:"passphrase_file,omitempty"`
}

// AdoptStack adopts a Terraform workspace or a Pulumi stack.
func (c *Client) AdoptStack(ctx context.Context, a Adoption) (aegis.Stack, error) {
	return post[aegis.Stack](ctx, c, "/v1/stacks", a)
}

// SetStackMode lets a workspace be managed, or only observed.
func (c *Client) SetStackMode(ctx context.Context, id string, mode aegis.StackMode) (aegis.Stack, error) {
	return post[aegis.Stack](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/mode", map[string]aegis.StackMode{"mode": mode})
}

// VariableChange is what a workspace's variables should be.
type VariableChange struct {
	// MergePatch has values by variable; null goes back to the default.
	MergePatch map[string]any `json:"merge_patch"`
	// WholeSet changes all workspaces of the set.
	WholeSet bool   `json:"whole_set,omitempty"`
	Summary  string `json:"summary,omitempty"`
}

// DestroyStack proposes to remove all that a stack manages.
func (c *Client) DestroyStack(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/destroy", nil)
}

// SetStackVariables proposes other values of a stack's parameters, or of a
// workspace's variables.
func (c *Client) SetStackVariables(ctx context.Context, id string, v VariableChange) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/variables", v)
}

// UnlockStack removes the named lock of a workspace's remote state, whoever
// holds it.
func (c *Client) UnlockStack(ctx context.Context, id, lockID string) (aegis.Stack, error) {
	return post[aegis.Stack](ctx, c, "/v1/stacks/"+url.PathEscape(id)+"/unlock", map[string]string{"lock_id": lockID})
}
