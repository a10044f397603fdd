package aegis

import "time"

// DriftKind says how reality departs from what was asked for.
type DriftKind string

// The kinds of drift.
const (
	// DriftChanged is a managed resource with other attributes.
	DriftChanged DriftKind = "changed"
	// DriftDeleted is a managed resource that is gone.
	DriftDeleted DriftKind = "deleted"
	// DriftUnmanaged is a resource that no stack knows.
	DriftUnmanaged DriftKind = "unmanaged"
)

// DriftState is what became of a drift report.
type DriftState string

// The states of a drift report.
const (
	// DriftOpen is detected, and its correction is not done yet.
	DriftOpen DriftState = "open"
	// DriftCorrected is undone by a change set, or by whoever made it.
	DriftCorrected DriftState = "corrected"
	// DriftAdopted is part of the spec now.
	DriftAdopted DriftState = "adopted"
	// DriftReported stays as policy or a rule said.
	DriftReported DriftState = "reported"
	// DriftSuperseded was changed again before it was undone: a newer report
	// has its attributes.
	DriftSuperseded DriftState = "superseded"
)

// DriftReport tells one stack's departures from its spec that have one cause.
type DriftReport struct {
	DriftReportID string `json:"drift_report_id"`
	// StackID is the stack concerned; "" for an unmanaged resource that belongs
	// to none.
	StackID string     `json:"stack_id"`
	Region  string     `json:"region"`
	Kind    DriftKind  `json:"kind"`
	Cause   DriftCause `json:"cause"`
	// Changes are sorted by address, then attribute.
	Changes    []DriftChange `json:"changes"`
	State      DriftState    `json:"state"`
	DetectedAt time.Time     `json:"detected_at"`
	// NotBefore is when the resources were last seen without it; nil is never.
	NotBefore *time.Time `json:"not_before,omitempty"`
	// ResolvedAt is when State became other than open; nil before.
	ResolvedAt *time.Time `json:"resolved_at,omitempty"`
	// ChangeSetID is the change set that corrects or adopts, if any.
	ChangeSetID string `json:"change_set_id,omitempty"`
}

// What events of kind "drift" tell; their data is the report.
const (
	EventDriftDetected  = "drift.detected"
	EventDriftCorrected = "drift.corrected"
	// EventDriftAdopted says that the spec agrees with it now.
	EventDriftAdopted = "drift.adopted"
	// EventDriftExplained says that the cause became known later.
	EventDriftExplained = "drift.explained"
)

// The kinds of a DriftCause.
const (
	CauseEvent     = "event"
	CauseChangeSet = "change_set"
	CauseEngine    = "engine"
	CauseUnknown   = "unknown"
)

// DriftWrite is a report to keep, and the event that tells of it, "" for none.
type DriftWrite struct {
	Report DriftReport
	Event  string
}

// DriftChange is one attribute, or one resource, that is not as asked for.
type DriftChange struct {
	// Address is the engine's name of the resource; for an unmanaged one that
	// of its managed parent, or "".
	Address string `json:"address"`
	// ResourceID is the cloud's: an ARN where it has one.
	ResourceID string `json:"resource_id"`
	// Type is the Terraform provider's type name.
	Type string `json:"type"`
	// Attribute is a dotted path; "" is the whole resource.
	Attribute string `json:"attribute"`
	// Before is what was asked for, After what is real; secrets are Masked.
	Before   any           `json:"before"`
	After    any           `json:"after"`
	Decision DriftDecision `json:"decision"`
	// Reason says why, such as the rule that expects it.
	Reason string `json:"reason,omitempty"`
	// RuleID is the rule that expects it since it was reported.
	RuleID string `json:"rule_id,omitempty"`
}

// DriftCause is who did it, as far as is known.
type DriftCause struct {
	// Kind is "event" (a call that CloudTrail told of), "change_set" (one of the
	// autopilot's own), "engine" (the provider reads it differently) or "unknown".
	Kind string `json:"kind"`
	// Actor is whose call it was; nil when unknown.
	Actor *CloudActor `json:"actor,omitempty"`
	// EventID, EventSource and EventName are CloudTrail's, such as
	// "ec2.amazonaws.com" and "AuthorizeSecurityGroupIngress".
	EventID     string     `json:"event_id,omitempty"`
	EventSource string     `json:"event_source,omitempty"`
	EventName   string     `json:"event_name,omitempty"`
	At          *time.Time `json:"at,omitempty"`
	// Upgrade says, of kind "engine", which versions changed between the last look
	// and this one, such as "aws 5.99.0 to 5.100.0"; "" is a provider that writes
	// nothing at all in two ways.
	Upgrade string `json:"upgrade,omitempty"`
	// ChangeSetID is the change set whose credentials made the call.
	ChangeSetID string `json:"change_set_id,omitempty"`
	// Group is the same for reports of one cause over the fleet.
	Group string `json:"group"`
}

// CloudActor is the caller of an AWS API.
type CloudActor struct {
	// Principal is the name that people know: a user's, a role's, "root".
	Principal string `json:"principal"`
	ARN       string `json:"arn"`
	// Session is the role session's name, "" for users.
	Session     string `json:"session,omitempty"`
	AccessKeyID string `json:"access_key_id,omitempty"`
	SourceIP    string `json:"source_ip"`
	UserAgent   string `json:"user_agent"`
}

// DriftFilter narrows a list of drift reports; zero fields match all.
type DriftFilter struct {
	StackID string
	Kind    DriftKind
	State   DriftState
	// Group is a cause's.
	Group string
}
