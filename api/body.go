package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
)

// limitBody reads a request's body up to maxBody, so that what follows can
// read it again.
func limitBody(g *gin.Context) {
	if g.FullPath() == "" || g.Request.Body == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(g.Writer, g.Request.Body, maxBody))
	if err != nil {
		writeProblem(g.Writer, g.Request, bodyProblem(err))
		g.Abort()
		return
	}
	g.Request.Body = io.NopCloser(bytes.NewReader(body))
}

func bodyProblem(err error) *Problem {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than 1 MiB")
	}
	return newProblem(http.StatusBadRequest, "malformed", "the body could not be read to its end")
}
