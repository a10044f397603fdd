package policy

import (
	"slices"
	"strings"
)

// Principal is who wants to assume a role.
type Principal struct {
	// ARNs are all names of the caller: the user's ARN, or the role's and the
	// session's.
	ARNs []string
	// AccountID is the caller's account.
	AccountID string
}

// Trust is what a trust policy says of a caller.
type Trust int

// The trusts. The zero value refuses.
const (
	// Untrusted says that nothing in the policy lets the caller in.
	Untrusted Trust = iota
	// Delegated says that the policy trusts the caller's account: the caller's
	// own policies must allow the call too.
	Delegated
	// Trusted says that the policy names the caller itself.
	Trusted
)

// EvaluateTrust judges whether a trust policy lets the caller do the action,
// such as "sts:AssumeRole".
func EvaluateTrust(d Document, action string, who Principal, ctx Context) Trust {
	trust := Untrusted
	for _, s := range d.statements {
		level := s.trusts(who)
		if level == Untrusted || !s.coversAction(action) || !s.conditionsHold(ctx) {
			continue
		}
		if !s.allow {
			return Untrusted
		}
		trust = max(trust, level)
	}
	return trust
}

func (s statement) coversAction(action string) bool {
	if s.actions != nil {
		return matchesAction(s.actions, action)
	}
	return !matchesAction(s.notActions, action)
}

// trusts says how the statement's principals relate to the caller.
func (s statement) trusts(who Principal) Trust {
	if s.notPrincipals != nil {
		if who.among(s.notPrincipals["AWS"]) == Untrusted {
			return Trusted
		}
		return Untrusted
	}
	return who.among(s.principals["AWS"])
}

func (who Principal) among(names []string) Trust {
	trust := Untrusted
	for _, name := range names {
		switch {
		case name == "*" || slices.Contains(who.ARNs, name):
			return Trusted
		case name == who.AccountID || isRoot(name, who.AccountID):
			trust = Delegated
		}
	}
	return trust
}

func isRoot(name, account string) bool {
	rest, ok := strings.CutPrefix(name, "arn:aws:iam::")
	return ok && rest == account+":root"
}
