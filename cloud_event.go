package aegis

import (
	"slices"
	"time"
)

// CloudEvent is one successful API call that changed something in the cloud,
// as CloudTrail told of it: who, what, when, and which resources it names.
type CloudEvent struct {
	// EventID is CloudTrail's, unique.
	EventID string `json:"event_id"`
	// Source and Name are the API, such as "ec2.amazonaws.com" and
	// "AuthorizeSecurityGroupIngress".
	Source string `json:"source"`
	Name   string `json:"name"`
	// Region is where it happened; "" for services without regions.
	Region    string     `json:"region"`
	AccountID string     `json:"account_id"`
	At        time.Time  `json:"at"`
	Actor     CloudActor `json:"actor"`
	// Refs are the resources that it is about.
	Refs []ResourceRef `json:"refs"`
	// Own says that the call was made with keys that the autopilot was issued;
	// ChangeSetID is what they were issued for, "" for its own upkeep.
	Own         bool   `json:"own"`
	ChangeSetID string `json:"change_set_id,omitempty"`
}

// ResourceRef names resources that a call is about: those of Type, or of any
// type when it is "", whose ARN, id or name is Key; or those of Type that
// belong to the resource that Parent names.
type ResourceRef struct {
	// Type is the Terraform provider's type name.
	Type   string `json:"type,omitempty"`
	Key    string `json:"key,omitempty"`
	Parent string `json:"parent,omitempty"`
}

// Matches says that the reference, made by a call in region, means the
// resource. A name counts only together with a type.
func (r ResourceRef) Matches(region string, res IndexedResource) bool {
	if region != "" && res.Region != "" && region != res.Region {
		return false
	}
	if r.Type != "" && r.Type != res.Type {
		return false
	}
	if r.Parent != "" {
		return slices.Contains(res.Parents, r.Parent)
	}
	return r.Key != "" && (r.Key == res.ARN || r.Key == res.ID || r.Type != "" && r.Key == res.Name)
}

// Means says that the call is about the resource.
func (e CloudEvent) Means(res IndexedResource) bool {
	for _, ref := range e.Refs {
		if ref.Matches(e.Region, res) {
			return true
		}
	}
	return false
}

// Keys are all keys and parents that the call names, each once.
func (e CloudEvent) Keys() []string {
	var keys []string
	for _, ref := range e.Refs {
		keys = append(keys, ref.Key, ref.Parent)
	}
	return distinct(keys)
}

// distinct are the keys that are not empty, each once, in their order; never nil.
func distinct(keys []string) []string {
	seen := map[string]bool{"": true}
	out := []string{}
	for _, key := range keys {
		if !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out
}

// IndexedResource is what a stack's state says of one managed resource, to find
// it by: no secrets.
type IndexedResource struct {
	StackID string `json:"stack_id"`
	// Address is the engine's name of it, as in ResourceChange.
	Address string `json:"address"`
	// Type is the Terraform provider's type name.
	Type string `json:"type"`
	// Region is "" when it has none or the state does not say.
	Region string `json:"region"`
	ID     string `json:"id"`
	ARN    string `json:"arn"`
	Name   string `json:"name"`
	// Parents are ids, ARNs and names of what it belongs to, such as the security
	// group of a rule.
	Parents []string `json:"parents"`
	// Inline are attributes of a security group's state that hold rules: "ingress",
	// "egress". An engine knows them, and no index does.
	Inline []string `json:"-" db:"-"`
}

// CloudID is the ARN, or the id of what has none.
func (r IndexedResource) CloudID() string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.ID
}

// Keys are all that the resource can be found by, each once.
func (r IndexedResource) Keys() []string {
	return distinct(append([]string{r.ARN, r.ID, r.Name}, r.Parents...))
}

// EventCounts says what became of events that were handed in.
type EventCounts struct {
	// Accepted are new and kept.
	Accepted int `json:"accepted"`
	// Duplicate were there already.
	Duplicate int `json:"duplicate"`
	// Ignored can't have made drift: reads, refused calls, sessions, data, other
	// accounts.
	Ignored int `json:"ignored"`
	// Malformed are records that can't be read.
	Malformed int `json:"malformed"`
}

// PendingEvent is an event that a stack was not looked at for yet.
type PendingEvent struct {
	EventID string
	// Addresses are the stack's resources that it is about.
	Addresses  []string
	ReceivedAt time.Time
}

// IssuedKey is an access key that the autopilot uses, without its secret.
type IssuedKey struct {
	AccessKeyID string
	// ChangeSetID is what it is for; "" for reading and for its own upkeep.
	ChangeSetID string
	ExpiresAt   time.Time
}
