package aegis

// DriftedAttribute is the document that package aegis.drift judges: one
// attribute that is not as the spec has it.
type DriftedAttribute struct {
	// Change is the resource's drift: Before is what the state says, After what
	// is real.
	Change ResourceChange `json:"change"`
	// Attribute is a dotted path into Before and After, such as "desired_capacity".
	Attribute string `json:"attribute"`
	// Before and After are its values.
	Before any `json:"before"`
	After  any `json:"after"`
	// Kind says whether the resource is changed, deleted or unmanaged. An
	// unmanaged one has no attribute; its Change is a creation.
	Kind DriftKind `json:"kind"`
	// Parent is the engine's name of the managed resource that an unmanaged one
	// is a part of, "" when there is none.
	Parent string `json:"parent"`
	// Cause is who did it, as far as is known.
	Cause DriftCause `json:"cause"`
}

// DriftDecision is what policy says of a drifted attribute.
type DriftDecision string

// What can be done about drift.
const (
	// CorrectDrift makes reality agree with the spec.
	CorrectDrift DriftDecision = "correct"
	// AdoptDrift makes the spec agree with reality.
	AdoptDrift DriftDecision = "adopt"
	// ReportDrift leaves it and tells.
	ReportDrift DriftDecision = "report"
)
