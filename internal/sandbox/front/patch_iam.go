package front

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// iamPatches give users permission boundaries, which the emulator has for
// roles only.
func iamPatches() []patch {
	keep := func(n *notes, c wire.Call) {
		n.set("", boundaryFact(c), c.Form().Get("PermissionsBoundary"))
	}
	return []patch{
		{service: "iam", action: "CreateUser", note: keep},
		{service: "iam", action: "DeleteUser", note: keep},
		{service: "iam", action: "PutUserPermissionsBoundary", note: keep, serve: serveBoundary},
		{service: "iam", action: "DeleteUserPermissionsBoundary", note: keep, serve: serveBoundary},
		{service: "iam", action: "GetUser", answer: tellBoundary},
	}
}

func boundaryFact(c wire.Call) string { return "boundary of user " + c.Form().Get("UserName") }

// serveBoundary checks that the user exists; the note does the rest.
func serveBoundary(ctx context.Context, f *Front, c wire.Call) (wire.Response, error) {
	_, err := f.access.user(ctx, c.Form().Get("UserName"))
	if errors.Is(err, errNoPrincipal) {
		return refused(c, apiError("NoSuchEntity", http.StatusNotFound, "The user with name "+c.Form().Get("UserName")+" cannot be found."))
	}
	if err != nil {
		return wire.Response{}, err
	}
	return encode(c, nil)
}

func tellBoundary(_ context.Context, f *Front, c wire.Call, body []byte) []byte {
	arn := f.notes.get("", boundaryFact(c))
	if arn == "" {
		return body
	}
	return bytes.Replace(body, []byte("</User>"), []byte(
		"<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>"+
			"<PermissionsBoundaryArn>"+wire.EscapeXML(arn)+"</PermissionsBoundaryArn></PermissionsBoundary></User>"), 1)
}
