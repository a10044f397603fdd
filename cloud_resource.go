package aegis

// CloudResource is one resource as AWS has it, managed or not.
type CloudResource struct {
	// StackID is the stack that manages its parent; "" when none does.
	StackID string `json:"stack_id"`
	// Type is the Terraform provider's type name, ID the id that the provider
	// imports it by, such as "sgr-0a1b" or "role/arn:aws:iam::aws:policy/X".
	Type string `json:"type"`
	ID   string `json:"id"`
	// Region is "" for what has none, such as IAM.
	Region string `json:"region"`
	// ParentType and ParentID name the resource that it is a part of, such as a
	// rule's group; "" for a resource of its own.
	ParentType string `json:"parent_type,omitempty"`
	ParentID   string `json:"parent_id,omitempty"`
	// ParentAddress is the engine's name of a managed parent.
	ParentAddress string `json:"parent_address,omitempty"`
	// Attributes are those that policy looks at, by Terraform-style name; no
	// secrets.
	Attributes map[string]any `json:"attributes"`
}

// Key names the resource in its account.
func (r CloudResource) Key() string { return r.Type + " " + r.Region + " " + r.ID }

// Address is the resource's name in diffs: no engine has one.
func (r CloudResource) Address() string { return r.Type + "::" + r.ID }
