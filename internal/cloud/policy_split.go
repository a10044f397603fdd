package cloud

import (
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// AWS's limits for the policies of one session.
const (
	// maxSessionPolicy is STS's limit for the inline one, in characters.
	maxSessionPolicy = 2048
	// maxManagedPolicy is IAM's for a managed one.
	maxManagedPolicy = 6144
	// maxManagedPolicies is how many of them STS takes.
	maxManagedPolicies = 10
)

// sessionPolicies are what narrows a session: what any of them allows and none
// of them denies.
type sessionPolicies struct {
	// inline goes into the session itself; "" is none.
	inline string
	// managed are to be the documents of managed policies.
	managed []string
}

// split makes policies that STS takes of statements, together exactly as wide.
// What fits stays inline. Otherwise the permissions go into managed policies
// and the denials stay inline: IAM shows a new managed policy late here and
// there, and one that is not seen yet must not be a denial.
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func split(statements []statement) (sessionPolicies, error) {
	statements, err := shortened(statements)
	if err != nil {
		return sessionPolicies{}, err
	}
	whole, err := document(statements)
	if err != nil || len(whole) <= maxSessionPolicy {
		return sessionPolicies{inline: whole}, err
	}
	isDenial := func(s statement) bool { return s.Effect == "Deny" }
	denials, err := document(slices.DeleteFunc(slices.Clone(statements), func(s statement) bool { return !isDenial(s) }))
	if err != nil {
		return sessionPolicies{}, err
	}
	managed, err := packed(slices.DeleteFunc(statements, isDenial))
	if err != nil {
		return sessionPolicies{}, err
	}
	if len(managed) > maxManagedPolicies || len(denials) > maxSessionPolicy {
		return sessionPolicies{}, tooLong(fmt.Sprintf("the session policy has %d characters and takes %d managed policies, STS takes %d",
			len(whole), len(managed), maxManagedPolicies))
	}
	return sessionPolicies{inline: denials, managed: managed}, nil
}

func tooLong(message string) error {
	return aegis.Invalid("execution_policy.network_scope", message+": name fewer services or regions")
}

// packed divides permissions over documents of a managed policy's length. A
// statement that does not fit is cut between two actions, which changes
// nothing: it allows each for itself.
func packed(statements []statement) ([]string, error) {
	p := &packing{}
	for _, s := range statements {
		if err := p.add(s); err != nil {
			return nil, err
		}
	}
	if len(p.current) == 0 {
		return p.documents, nil
	}
	err := p.close()
	return p.documents, err
}

// packing are the documents so far, and the statements of the one to come.
type packing struct {
	documents []string
	current   []statement
}

func (p *packing) add(s statement) error {
	for len(s.Action) > 0 {
		n, err := room(p.current, s)
		if err != nil {
			return err
		}
		if n == 0 && len(p.current) == 0 {
			return tooLong(fmt.Sprintf("one statement of the session policy has more than %d characters", maxManagedPolicy))
		}
		if n > 0 {
			part := s
			part.Action, s.Action = s.Action[:n], s.Action[n:]
			p.current = append(p.current, part)
		}
		if len(s.Action) > 0 {
			if err := p.close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends the current document.
func (p *packing) close() error {
	text, err := document(p.current)
	if err == nil {
		p.documents, p.current = append(p.documents, text), nil
	}
	return err
}

// room is how many of the statement's actions fit into a document that has
// the current statements already.
func room(current []statement, s statement) (int, error) {
	part := s
	part.Action = []string{}
	text, err := document(append(slices.Clone(current), part))
	if err != nil {
		return 0, err
	}
	length := len(text)
	for n, action := range s.Action {
		// The quotes and a comma; names of actions need no escape.
		if length += len(action) + 3; length-1 > maxManagedPolicy {
			return n, nil
		}
	}
	return len(s.Action), nil
}
