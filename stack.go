package aegis

import (
	"slices"
	"time"
)

// StackState is what is known of a stack. Unknown is not drifted.
type StackState string

// The stack states.
const (
	StackPending    StackState = "pending"
	StackConverging StackState = "converging"
	StackClean      StackState = "clean"
	StackDrifted    StackState = "drifted"
	StackUnknown    StackState = "unknown"
)

// StackMode says what may be done to a stack.
type StackMode string

// The modes.
const (
	// ModeObserve is for a stack that is looked at and never changed.
	ModeObserve StackMode = "observe"
	// ModeManage is for a stack that change sets change; it is what an empty mode
	// means, too.
	ModeManage StackMode = "managed"
)

// Stack is one layer in one region (kind TargetPulumiStack), an adopted
// Terraform workspace (TargetTerraformWorkspace), or an adopted Pulumi stack
// (TargetPulumiStack with a Source).
type Stack struct {
	StackID     string     `json:"stack_id"`
	Kind        TargetKind `json:"kind"`
	Environment string     `json:"environment"`
	Layer       string     `json:"layer"`
	Region      string     `json:"region"`
	State       StackState `json:"state"`
	// Error says why the state is unknown.
	Error string `json:"error,omitempty"`
	// Revision is the newest applied spec revision, 0 before the first.
	Revision      int64 `json:"revision"`
	ResourceCount int   `json:"resource_count"`
	// LastReconciledAt is when the stack was last seen in agreement or not
	// with its spec; nil is never.
	LastReconciledAt *time.Time `json:"last_reconciled_at"`
	// Mode says whether the stack may be changed.
	Mode StackMode `json:"mode"`
	// Set names workspaces that are changed together, one first; "" is none.
	Set string `json:"set,omitempty"`
	// Source says where the files of an adopted stack are; nil is a stack of the
	// estate.
	Source    *WorkspaceSource `json:"source,omitempty"`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
	// Spec is the newest applied spec; only single reads fill it.
	Spec *Spec `json:"spec,omitempty"`
	// DependsOn lists stacks that must exist before.
	DependsOn []string `json:"depends_on,omitempty"`
}

// Observed says that the stack is only looked at.
func (s Stack) Observed() bool { return s.Mode == ModeObserve }

// Adopted says that others made the stack: its configuration is not the
// estate's.
func (s Stack) Adopted() bool { return s.Kind == TargetTerraformWorkspace || s.Source != nil }

// Needs says that other has to exist as long as the stack does: the stack reads its
// outputs, or is changed with the role that layer security makes for its region.
func (s Stack) Needs(other Stack) bool {
	role := other.Layer == LayerSecurity && s.Layer != LayerSecurity && !s.Adopted() && !other.Adopted() &&
		s.Environment == other.Environment && s.Region == other.Region
	return role || slices.Contains(s.DependsOn, other.StackID)
}

// StateOnly says that the stack has no program, so that nothing can change it.
func (s Stack) StateOnly() bool { return s.Source != nil && s.Source.Export != "" }

// Lease is the right to change a stack. A change set owns it from the gate to
// its end; a worker holds it while it runs a stage.
type Lease struct {
	StackID     string `json:"stack_id"`
	ChangeSetID string `json:"change_set_id"`
	// Holder is the worker that runs now, "" between stages.
	Holder string `json:"holder"`
	// FencingToken rises with each acquisition.
	FencingToken int64     `json:"fencing_token"`
	ExpiresAt    time.Time `json:"expires_at"`
}
