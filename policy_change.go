package aegis

import "time"

// EmbeddedBundle stands, where a digest names a policy bundle, for the one
// inside the binary, whichever that is.
const EmbeddedBundle = "embedded"

// PolicyChange is what a change set whose target is a policy bundle does:
// Digest is to run instead of Base. Rules see it as input.policy.
type PolicyChange struct {
	// Digest and Base are SHA-256 sums in hex over the paths and contents of a
	// bundle's files, or EmbeddedBundle. Base is the bundle that runs.
	Digest string `json:"digest"`
	Base   string `json:"base"`
	// ComposedOn, when set, is the bundle that this one was composed with: it
	// is refused when another one runs by then.
	ComposedOn string `json:"composed_on,omitempty"`
	// Revision is what decisions will name.
	Revision string `json:"revision"`
	// SignedBy is the id of the key that signed it, "" for none.
	SignedBy   string       `json:"signed_by"`
	Tests      PolicyTests  `json:"tests"`
	Simulation PolicyReplay `json:"simulation"`
	// Packages are those of its rules, such as "aegis.gate", sorted.
	Packages []string       `json:"packages"`
	Modules  []PolicyModule `json:"modules"`
}

// PolicyTests are the results of a bundle's own tests.
type PolicyTests struct {
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	// Coverage is the share of the rules' lines that tests ran, in percent, of
	// the modules that are not those of the bundle inside the binary.
	Coverage float64 `json:"coverage"`
}

// PolicyReplay says what a bundle would have decided otherwise of the recorded
// decisions.
type PolicyReplay struct {
	Evaluated    int `json:"evaluated"`
	NewlyDenied  int `json:"newly_denied"`
	NewlyAllowed int `json:"newly_allowed"`
	// Errors counts decisions for which it gave no answer: an error, a timeout
	// or undefined.
	Errors int `json:"errors"`
	// FirstError says what the first of them was.
	FirstError string `json:"first_error,omitempty"`
}

// PolicyModule is one file of a bundle that a push changes.
type PolicyModule struct {
	Path   string `json:"path"`
	Action Action `json:"action"`
}

// BundleProposal asks for another policy bundle to run.
type BundleProposal struct {
	// Digest names an archive that the store has, or EmbeddedBundle.
	Digest string
	// ComposedOn is the digest of the bundle that it was composed with; "" for
	// one that stands on its own.
	ComposedOn string
	// Source is SourceOperator or SourceReconcile.
	Source  Source
	Summary string
}

// PolicyAssessment is what is known of a candidate before the gate judges it.
type PolicyAssessment struct {
	Change PolicyChange
	// Diff has one change for each file: of type "policy_module" or
	// "policy_data", with {"sha256", "lines"} before and after.
	Diff []ResourceChange
}

// PolicyFaults counts the decisions for which a bundle gave no answer.
type PolicyFaults struct {
	Evaluated int
	Faults    int
	// First says what the earliest was.
	First string
	// Differ counts a shadow's decisions that allow what the bundle that ran
	// denied of the same input, or deny what it allowed.
	Differ int
}

// RunningPolicy says which policy bundles run everywhere, but on a host whose
// operator overrides that.
type RunningPolicy struct {
	// Digest decides; ChangeSetID brought it, "" for the embedded bundle.
	Digest      string
	ChangeSetID string
	// Shadow is judged beside it and never decides; "" is none.
	Shadow string
	// Generation rises with every change.
	Generation int64
}

// PolicyBundle is one bundle that came, by push or from a source, and what
// became of it.
type PolicyBundle struct {
	// Digest is "" when what came could not be read.
	Digest   string `json:"digest"`
	Revision string `json:"revision"`
	// Signer is the id of the key that signed it, "" for none.
	Signer string `json:"signer"`
	// State is "active", "superseded", "refused", "overriding" or the change
	// set's promotion state while, or because, it did not become active.
	State       string `json:"state"`
	ChangeSetID string `json:"change_set_id"`
	// Source is "push", "rollback", "embedded", "host" or where it was fetched.
	Source string `json:"source"`
	Actor  string `json:"actor"`
	// Base is the digest of the bundle that it was to replace.
	Base string `json:"base"`
	// Error says why it does not run.
	Error       string     `json:"error,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	ActivatedAt *time.Time `json:"activated_at,omitempty"`
}

// The states of a PolicyBundle beside the promotion states.
const (
	BundleActive     = "active"
	BundleSuperseded = "superseded"
	BundleRefused    = "refused"
	BundleOverriding = "overriding"
)
