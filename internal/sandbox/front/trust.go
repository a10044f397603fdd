package front

import (
	"net/http"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// trusts judges AssumeRole: the role's trust policy must let the caller in, and
// where it only trusts the account, the caller's own policies must allow it. An
// explicit deny among those wins in any case.
func (f *Front) trusts(r *http.Request, c wire.Call, who caller, role principal) *wire.APIError {
	keys := f.conditionKeys(r, c, who)
	names := []string{who.arn}
	if who.role() {
		names = append(names, who.key.Session.RoleARN)
	}
	trust := policy.EvaluateTrust(role.trust, "sts:AssumeRole", policy.Principal{ARNs: names, AccountID: f.accountID}, keys)
	if trust == policy.Untrusted {
		return f.refuseAssume(c, who)
	}
	request := policy.Request{Action: "sts:AssumeRole", Resource: role.arn, Context: keys}
	decision, err := f.decide(r.Context(), who, request)
	if err != nil {
		return c.Refuse(wire.Unavailable, "The caller's policies could not be read.")
	}
	if decision == policy.Allow || trust == policy.Trusted && decision == policy.ImplicitDeny && who.key.Session == nil {
		return nil
	}
	return f.refuseAssume(c, who)
}
