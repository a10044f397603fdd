package policy

import "strings"

// Request is what somebody wants to do.
type Request struct {
	// Action is "service:Name", such as "ec2:CreateVpc".
	Action string
	// Resource is an ARN, or Unknown.
	Resource string
	Context  Context
}

// Context holds the condition keys of a request, their names in lower case,
// such as "aws:requestedregion". A key that is not there has no value.
type Context map[string][]string

// Policies are all that apply to a caller.
type Policies struct {
	// Identity are the policies of the user or role, groups included.
	Identity []Document
	// Boundary is the permission boundary; nil is none.
	Boundary *Document
	// Session are the session policies; nil is none, empty allows nothing.
	Session []Document
}

// Decision is what policies say of a request.
type Decision int

// The decisions. The zero value denies.
const (
	// ImplicitDeny says that nothing allows it.
	ImplicitDeny Decision = iota
	// ExplicitDeny says that a statement denies it.
	ExplicitDeny
	// Allow says that it is allowed.
	Allow
)

// Evaluate judges a request.
func Evaluate(r Request, p Policies) Decision {
	groups := [][]Document{p.Identity}
	if p.Boundary != nil {
		groups = append(groups, []Document{*p.Boundary})
	}
	if p.Session != nil {
		groups = append(groups, p.Session)
	}
	decision := Allow
	for _, group := range groups {
		switch judge(r, group) {
		case ExplicitDeny:
			return ExplicitDeny
		case ImplicitDeny:
			decision = ImplicitDeny
		case Allow:
		}
	}
	return decision
}

// judge takes documents together: one allow among them is enough.
func judge(r Request, documents []Document) Decision {
	decision := ImplicitDeny
	for _, d := range documents {
		for _, s := range d.statements {
			if !s.covers(r) {
				continue
			}
			if !s.allow {
				return ExplicitDeny
			}
			decision = Allow
		}
	}
	return decision
}

// covers says whether the statement applies to the request.
func (s statement) covers(r Request) bool {
	if s.actions != nil && !matchesAction(s.actions, r.Action) || s.notActions != nil && matchesAction(s.notActions, r.Action) {
		return false
	}
	return s.coversResource(r) && s.conditionsHold(r.Context)
}

func (s statement) coversResource(r Request) bool {
	if r.Resource == Unknown {
		return true
	}
	if s.resources != nil {
		return matchesResource(s.resources, r.Resource, r.Context)
	}
	return s.notResources == nil || !matchesResource(s.notResources, r.Resource, r.Context)
}

// conditionsHold says whether all conditions are met. One that can't be judged
// is met in a denial and not met in a permission: it fails closed.
func (s statement) conditionsHold(ctx Context) bool {
	for operator, keys := range s.conditions {
		for name, wanted := range keys {
			switch test(operator, strings.ToLower(name), wanted, ctx) {
			case no:
				return false
			case unknown:
				if s.allow {
					return false
				}
			case yes:
			}
		}
	}
	return true
}
