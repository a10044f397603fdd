package aegis

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// SpecVersion is the version of the Spec format that this code writes: stacks.Upgrade
// reads older ones. Since 2, ingress rules go by their names.
const SpecVersion = 2

// Spec is the desired state of one stack. For a Pulumi stack, Parameters is
// the JSON of its layer's struct (NetworkSpec, SecuritySpec, DataSpec,
// RuntimeSpec or EdgeSpec); for a Terraform workspace it is its variables by
// name. Parameters evolve; the programs that read them do not.
type Spec struct {
	// Version is the format's version, SpecVersion.
	Version     int    `json:"version"`
	Layer       string `json:"layer"`
	Environment string `json:"environment"`
	Region      string `json:"region"`
	// Regions are all regions of the estate, the primary first.
	Regions    []string        `json:"regions,omitempty"`
	Parameters json.RawMessage `json:"parameters"`
	// Variables are the variables that a Terraform workspace declares, as of when
	// it was adopted; sensitive ones are never among the parameters.
	Variables []WorkspaceVariable `json:"variables,omitempty"`
}

// SpecRevision is one version of one stack's Spec. Revisions of a stack start
// at 1 and have no gaps; revision 0 stands for "nothing applied yet".
type SpecRevision struct {
	StackID     string    `json:"stack_id"`
	Revision    int64     `json:"revision"`
	Spec        Spec      `json:"spec"`
	ChangeSetID string    `json:"change_set_id,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
}

// SpecPatch changes one stack's Parameters.
type SpecPatch struct {
	StackID string `json:"stack_id"`
	// BaseRevision is the revision that the patch was made for.
	BaseRevision int64 `json:"base_revision"`
	// MergePatch is an RFC 7396 JSON merge patch of Spec.Parameters. With
	// BaseRevision 0 it is merged into {}.
	MergePatch json.RawMessage `json:"merge_patch"`
	// Destroy asks for the removal of everything in the stack.
	Destroy bool `json:"destroy,omitempty"`
}

var idPart = regexp.MustCompile(`^[a-z0-9-]+$`)

// StackName is the parsed form of a Pulumi stack's id.
type StackName struct {
	Environment, Layer, Region string
}

// ParseStackID splits "<environment>.<layer>.<region>".
// It returns an InvalidError for field stack_id.
func ParseStackID(id string) (StackName, error) {
	parts := strings.Split(id, ".")
	if len(parts) != 3 {
		return StackName{}, Invalid("stack_id", fmt.Sprintf("%q is not <environment>.<layer>.<region>", id))
	}
	for _, p := range parts {
		if !idPart.MatchString(p) {
			return StackName{}, Invalid("stack_id", fmt.Sprintf("%q: each part must match [a-z0-9-]+", id))
		}
	}
	return StackName{Environment: parts[0], Layer: parts[1], Region: parts[2]}, nil
}

// String is the stack's id, "<environment>.<layer>.<region>".
func (n StackName) String() string { return n.Environment + "." + n.Layer + "." + n.Region }
