package policy

import (
	"errors"
	"slices"
)

// ParseResource reads a resource's own policy, such as a queue's.
func ParseResource(text string) (Document, error) {
	return parse(text, func(s rawStatement) error {
		if (s.Principal == nil) == (s.NotPrincipal == nil) {
			return errors.New("exactly one of Principal and NotPrincipal is needed")
		}
		return nil
	})
}

// AllowsService says that a resource's policy lets an AWS service, such as
// "events.amazonaws.com", do what is requested.
func AllowsService(d Document, service string, r Request) bool {
	allowed := false
	for _, s := range d.statements {
		if s.notPrincipals != nil {
			if slices.Contains(s.notPrincipals["Service"], service) {
				continue
			}
		} else if !slices.Contains(s.principals["Service"], service) && !slices.Contains(s.principals["AWS"], "*") {
			continue
		}
		if !s.covers(r) {
			continue
		}
		if !s.allow {
			return false
		}
		allowed = true
	}
	return allowed
}
