package aegis

import "time"

// Action is what happens to one resource.
type Action string

// The actions.
const (
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionReplace Action = "replace"
	ActionDelete  Action = "delete"
)

// Masked stands for a secret value wherever a value is shown or stored.
const Masked = "[secret]"

// ResourceChange is one resource's difference, the same for both engines.
type ResourceChange struct {
	// StackID is the stack that manages the resource.
	StackID string `json:"stack_id"`
	// Address is the engine's name of it, unique in the stack: the logical
	// path "Type::name" for Pulumi, the resource address for Terraform.
	Address string `json:"address"`
	// Type is the Terraform provider's type name, such as "aws_vpc", for both
	// engines, so that one policy rule fits both.
	Type   string `json:"type"`
	Region string `json:"region"`
	Action Action `json:"action"`
	// Before and After hold inputs by Terraform-style snake_case name; Before
	// is nil on create and After is nil on delete. Secrets are Masked.
	Before map[string]any `json:"before"`
	After  map[string]any `json:"after"`
	// Unknown lists dotted paths in After that are known only after apply.
	Unknown []string `json:"unknown"`
	// Sensitive lists dotted paths whose values are masked.
	Sensitive []string `json:"sensitive"`
}

// Plan is what an engine would do to one stack.
type Plan struct {
	StackID string `json:"stack_id"`
	// Changes are sorted by address; resources that stay are left out.
	Changes []ResourceChange `json:"changes"`
	// Digest is the SHA-256 in hex of the canonical, unmasked changes.
	Digest string `json:"digest"`
	// ResourceCount is the number of managed resources once applied.
	ResourceCount int `json:"resource_count"`
	// Outputs says that applying it gives the stack other outputs, which other
	// stacks may read, whether or not any resource changes.
	Outputs bool `json:"outputs,omitempty"`
}

// Empty says that the plan changes nothing.
func (p Plan) Empty() bool { return len(p.Changes) == 0 }

// StackRun names one engine operation on one stack.
type StackRun struct {
	Stack Stack
	Spec  Spec
	// ChangeSetID is what the operation is for; it is part of the session name.
	ChangeSetID string
	// FencingToken is the lease's token; a lower one may no longer write.
	FencingToken int64
	// Policy narrows the credentials; nil means read-only.
	Policy *ExecutionPolicy
	// Destroy plans or applies the removal of all resources.
	Destroy bool
	// Refresh reads the real resources first, so that drift is part of the plan.
	Refresh bool
	// Targets are addresses; a refresh reads, and a plan or an apply changes, these
	// resources only. Empty is all.
	Targets []string
	// Expected are the stack's rules of expected drift. Where the engine can leave
	// single attributes, no plan changes what they cover.
	Expected []DriftRule
	// Removals are resources that no stack manages, to be taken away instead of
	// anything that the stack's engine would do.
	Removals []CloudResource
	// Progress, when set, is called for each resource event; it must not block.
	Progress func(ResourceEvent)
}

// ResourceEvent is one step of an engine's operation.
type ResourceEvent struct {
	StackID string    `json:"stack_id"`
	Address string    `json:"address"`
	Type    string    `json:"type"`
	Action  Action    `json:"action"`
	Status  string    `json:"status"` // "started", "done" or "failed"
	At      time.Time `json:"at"`
}

// Observation is what a refresh saw: the real resources against the state.
// An error instead of an Observation means unknown, never drifted.
type Observation struct {
	StackID string `json:"stack_id"`
	// Drift lists resources whose real attributes differ; Before is what the
	// state says, After what is real. Empty is clean.
	Drift []ResourceChange `json:"drift"`
	// Expected is drift that rules let be; it is not in Drift.
	Expected      []ExpectedDrift `json:"expected,omitempty"`
	ResourceCount int             `json:"resource_count"`
	// Checks are the stack's typed checks, from its outputs.
	Checks     []Check   `json:"checks"`
	ObservedAt time.Time `json:"observed_at"`
	// Targets are the addresses that were read at ObservedAt; empty is all. The
	// rest of a stored observation is as it was read before.
	Targets []string `json:"targets,omitempty"`
	// ReadAllAt is when all resources were last read.
	ReadAllAt time.Time `json:"read_all_at"`
	// Versions are those of the engine and the providers that read.
	Versions EngineVersions `json:"versions,omitzero"`
	// Resources are the stack's resources by the state, for the index; it is not
	// part of the document.
	Resources []IndexedResource `json:"-"`
}

// ApplyResult is what an apply did.
type ApplyResult struct {
	StackID       string         `json:"stack_id"`
	Outputs       map[string]any `json:"outputs"`
	Checks        []Check        `json:"checks"`
	ResourceCount int            `json:"resource_count"`
	// Healed says what was repaired before the apply, such as
	// "orphaned lock removed" or "adopted aws_vpc main after a crash".
	Healed []string `json:"healed,omitempty"`
	// Resources are the stack's resources now, for the index; it is not part of
	// the document.
	Resources []IndexedResource `json:"-"`
}
