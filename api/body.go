package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
)

// bodyLimit is the largest body of a route, in bytes.
func bodyLimit(route string) int64 {
	switch route {
	case "/v1/policies/simulate", "/v1/policies/bundles", "/v1/stacks":
		return maxBundleBody
	default:
		return maxBody
	}
}

// limitBody reads a request's body up to its route's limit, so that what follows can
// read it again.
func limitBody(g *gin.Context) {
	if g.FullPath() == "" || g.Request.Body == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(g.Writer, g.Request.Body, bodyLimit(g.FullPath())))
	if err != nil {
		writeProblem(g.Writer, g.Request, bodyProblem(err))
		g.Abort()
		return
	}
	g.Request.Body = io.NopCloser(bytes.NewReader(body))
}

func bodyProblem(err error) *Problem {
	if most, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is larger than %d MiB", most.Limit>>20))
	}
	return newProblem(http.StatusBadRequest, "malformed", "the body could not be read to its end")
}
