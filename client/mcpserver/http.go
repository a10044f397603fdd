package mcpserver

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// maxRequest is the longest request that is read, in bytes.
const maxRequest = 4 << 20

// Handler serves the tools over streamable HTTP, in front of the API that
// handler serves. Each request carries its caller's bearer token, and nothing
// is kept between requests.
func Handler(handler http.Handler, version string) http.Handler {
	type key struct{}
	schemas := mcp.NewSchemaCache()
	serve := mcp.NewStreamableHTTPHandler(func(r *http.Request) *mcp.Server {
		server, _ := r.Context().Value(key{}).(*mcp.Server)
		return server
	}, &mcp.StreamableHTTPOptions{
		Stateless: true, MaxRequestBodyBytes: maxRequest, PropagateRequestCancellation: true,
		// A page that a browser was lured to has no token to send, and a proxy on this
		// machine passes on the host that it was asked for.
		DisableLocalhostProtection: true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" {
			refuse(w, aegis.ErrUnauthenticated)
			return
		}
		api := client.Within(handler, r.RemoteAddr, token)
		caller, err := api.WhoAmI(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		serve.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, build(api, caller, version, schemas))))
	})
}

// refuse answers a request whose caller is not known.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, aegis.ErrUnauthenticated) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="aegis"`)
		http.Error(w, "give a token of the API as Authorization: Bearer", http.StatusUnauthorized)
		return
	}
	status := http.StatusServiceUnavailable
	if problem, ok := errors.AsType[*client.Error](err); ok {
		status = problem.Status
	}
	http.Error(w, "the API does not answer for this token: "+err.Error(), status)
}
