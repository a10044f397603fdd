package aegis

import "slices"

// PolicyFaultCodes are the codes of denials that say that policy gave no
// answer, rather than that a rule denies.
func PolicyFaultCodes() []string {
	return []string{"policy_error", "policy_timeout", "policy_undefined", "policy_missing"}
}

// Unanswered says that the denial stands for an answer that policy did not
// give.
func (r RuleResult) Unanswered() bool { return slices.Contains(PolicyFaultCodes(), r.Code) }
