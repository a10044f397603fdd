package aegis

import "time"

// Severity is how bad a finding or an incident is, in the terms of the AWS Security
// Finding Format.
type Severity string

// The severities, the least first.
const (
	SeverityInformational Severity = "informational"
	SeverityLow           Severity = "low"
	SeverityMedium        Severity = "medium"
	SeverityHigh          Severity = "high"
	SeverityCritical      Severity = "critical"
)

// Rank orders severities; 0 is one that is none.
func (s Severity) Rank() int {
	switch s {
	case SeverityInformational:
		return 1
	case SeverityLow:
		return 2
	case SeverityMedium:
		return 3
	case SeverityHigh:
		return 4
	case SeverityCritical:
		return 5
	default:
		return 0
	}
}

// Finding is what a detector, such as GuardDuty, says that it saw. All of it is text
// that others wrote.
type Finding struct {
	// FindingID is the detector's: the same again is a newer word about the same.
	FindingID string `json:"finding_id"`
	// Source is the product, such as "aws/guardduty".
	Source string `json:"source"`
	// Type is the detector's, such as "TTPs/Initial Access".
	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Severity  Severity `json:"severity"`
	AccountID string   `json:"account_id"`
	Region    string   `json:"region"`
	// Resources are what it is about, as the detector names them: ARNs, mostly.
	Resources []string `json:"resources"`
	// Resolved says that the detector sees it no more, or that a person laid it down.
	Resolved bool `json:"resolved"`
	// ObservedAt is when the detector said so.
	ObservedAt time.Time `json:"observed_at"`
}

// Key tells findings of all sources apart.
func (f Finding) Key() string { return f.Source + " " + f.FindingID }

// FindingCounts is what became of the findings that were handed in.
type FindingCounts struct {
	// Accepted are new, or newer words about known ones.
	Accepted int `json:"accepted"`
	// Duplicate were there already, or say what is older than what is known.
	Duplicate int `json:"duplicate"`
	// Ignored open no incident: informational ones, resolved ones that nobody knew,
	// other accounts'.
	Ignored int `json:"ignored"`
	// Malformed can't be read.
	Malformed int `json:"malformed"`
	// IncidentIDs are those that were opened, changed or closed.
	IncidentIDs []string `json:"incident_ids"`
}

// IncidentState says whether an incident is over.
type IncidentState string

// The states of an incident.
const (
	// IncidentOpen has a finding that is not resolved.
	IncidentOpen IncidentState = "open"
	// IncidentClosed has none.
	IncidentClosed IncidentState = "closed"
)

// VerificationState says whether somebody looked that the trouble is gone.
type VerificationState string

// The verification states of an incident.
const (
	// VerificationPending is before.
	VerificationPending VerificationState = "pending"
	// VerificationPassed says that the detectors themselves see none of it any more.
	VerificationPassed VerificationState = "passed"
)

// SecurityIncident is findings that have to do with one another: about the same
// resources, or resources of the same stack.
type SecurityIncident struct {
	IncidentID string        `json:"incident_id"`
	State      IncidentState `json:"state"`
	// SignalSet are the newest words of each finding, in the order in which the
	// findings came.
	SignalSet []Finding `json:"signal_set"`
	// Severity is the worst of the findings that are not resolved; of all, when it is
	// closed.
	Severity    Severity    `json:"severity"`
	BlastRadius BlastRadius `json:"blast_radius"`
	// AutoActions are the ids of change sets that act on it.
	AutoActions       []string          `json:"auto_actions"`
	VerificationState VerificationState `json:"verification_state"`
	OpenedAt          time.Time         `json:"opened_at"`
	UpdatedAt         time.Time         `json:"updated_at"`
	// ClosedAt is when the last finding was resolved; nil before.
	ClosedAt *time.Time `json:"closed_at,omitempty"`
}

// BlastRadius is what an incident can reach. All lists are sorted.
type BlastRadius struct {
	// StackIDs manage the resources that the findings are about; none when no stack
	// does.
	StackIDs []string `json:"stack_ids"`
	// DependentStackIDs read outputs of those, directly or not.
	DependentStackIDs []string `json:"dependent_stack_ids"`
	Regions           []string `json:"regions"`
	Resources         []string `json:"resources"`
}

// What events of kind "incident" tell; their data is the incident, with the
// stacks of its blast radius as stack_ids.
const (
	EventIncidentOpened  = "incident.opened"
	EventIncidentChanged = "incident.changed"
	EventIncidentClosed  = "incident.closed"
)

// IncidentWrite is an incident to keep, and the events that tell of it.
type IncidentWrite struct {
	Incident SecurityIncident
	Events   []string
}

// IncidentFilter narrows a list of incidents; zero fields match all.
type IncidentFilter struct {
	State IncidentState
	// Severity is the least.
	Severity Severity
	// StackID is a stack of the blast radius.
	StackID string
}
