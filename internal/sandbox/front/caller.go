package front

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/sigv4"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// caller is who sent a request.
type caller struct {
	key key
	// arn is the principal's: the user's, or the assumed role session's.
	arn string
	// id is the unique id: AIDA… or AROA…:session.
	id string
}

// role says that the caller is an assumed role's session.
func (c caller) role() bool { return c.key.Session != nil && c.key.Session.RoleName != "" }

// principalARN is what policies compare: the role's ARN for a role's session.
func (c caller) principalARN() string {
	if c.role() {
		return c.key.Session.RoleARN
	}
	return c.arn
}

// authenticate finds the caller of a request and checks that its key is good.
func (f *Front) authenticate(r *http.Request, c wire.Call, sig sigv4.Signature) (caller, *wire.APIError) {
	found, ok := f.keys.lookup(sig.AccessKeyID)
	if !ok || found.Inactive {
		return caller{}, c.Refuse(wire.UnknownKey, "The security token included in the request is invalid.")
	}
	if s := found.Session; s != nil {
		if subtle.ConstantTimeCompare([]byte(s.Token), []byte(sig.Token)) != 1 {
			return caller{}, c.Refuse(wire.UnknownKey, "The security token included in the request is invalid.")
		}
		if !f.now().Before(s.Expires) {
			return caller{}, c.Refuse(wire.Expired, "The security token included in the request is expired.")
		}
	}
	if err := sig.Verify(r, c.Body, found.Secret, f.now()); err != nil {
		return caller{}, refuseSignature(c, err)
	}
	return f.identify(r, c, found)
}

// identify names the principal of a good key. The account's own state is asked,
// so that keys of a deleted user or role are refused.
func (f *Front) identify(r *http.Request, c wire.Call, found key) (caller, *wire.APIError) {
	if s := found.Session; s != nil && s.RoleName != "" {
		return caller{
			key: found,
			arn: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", f.accountID, s.RoleName, s.Name),
			id:  s.RoleID + ":" + s.Name,
		}, nil
	}
	user, err := f.access.user(r.Context(), found.User)
	if errors.Is(err, errNoPrincipal) {
		return caller{}, c.Refuse(wire.UnknownKey, "The security token included in the request is invalid.")
	}
	if err != nil {
		return caller{}, c.Refuse(wire.Unavailable, "The caller's identity could not be read.")
	}
	return caller{key: found, arn: user.arn, id: user.id}, nil
}

func refuseSignature(c wire.Call, err error) *wire.APIError {
	if errors.Is(err, sigv4.ErrExpired) {
		return c.Refuse(wire.BadSignature, "Signature expired or not yet current.")
	}
	return c.Refuse(wire.BadSignature, "The request signature we calculated does not match the signature you provided.")
}

// fillUser names the caller in IAM calls that mean "myself" by naming no user.
func fillUser(c wire.Call, who caller) wire.Call {
	if c.Service != "iam" || c.Form() == nil || c.Form().Get("UserName") != "" || who.role() {
		return c
	}
	switch c.Action {
	case "GetUser", "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey":
		return c.WithForm("UserName", who.key.User)
	default:
		return c
	}
}

// sourceIP is the client's address without its port.
func sourceIP(r *http.Request) string {
	host := r.RemoteAddr
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}
