package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Within returns a client of an API that this process serves: handler is
// called as if the request had come from remoteAddr, a host and port.
func Within(handler http.Handler, remoteAddr, token string) *Client {
	c := New("http://aegis.internal", token)
	c.http.Transport = &inProcess{handler: handler, remoteAddr: remoteAddr}
	return c
}

// inProcess is a transport without a network. The handler runs beside the
// caller, so that an answer without end can be read as it comes.
type inProcess struct {
	handler    http.Handler
	remoteAddr string
}

// RoundTrip calls the handler and returns when it has begun to answer.
func (t *inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	in := req.Clone(ctx)
	in.RequestURI, in.RemoteAddr = req.URL.RequestURI(), t.remoteAddr
	if in.Body == nil {
		in.Body = http.NoBody
	}
	body, write := io.Pipe()
	answer := &answer{header: http.Header{}, write: write, begun: make(chan struct{})}
	go answer.serve(t.handler, in)
	select {
	case <-answer.begun:
	case <-ctx.Done():
		cancel()
		return nil, ctx.Err()
	}
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: &answerBody{body, cancel}, ContentLength: -1, Request: req,
	}, nil
}

// answer is a ResponseWriter whose body is read as it is written.
type answer struct {
	header http.Header
	write  *io.PipeWriter
	once   sync.Once
	begun  chan struct{}
	status int
	sent   http.Header
}

func (a *answer) serve(handler http.Handler, req *http.Request) {
	defer func() {
		fault := recover() // as net/http does: one request must not end the process
		if fault != nil {
			a.WriteHeader(http.StatusInternalServerError)
			_ = a.write.CloseWithError(fmt.Errorf("the handler broke off: %w", io.ErrUnexpectedEOF))
			return
		}
		a.WriteHeader(http.StatusOK)
		_ = a.write.Close()
	}()
	handler.ServeHTTP(a, req)
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.write.Write(p)
}

// Flush begins the answer; what is written is read at once.
func (a *answer) Flush() { a.WriteHeader(http.StatusOK) }

// answerBody ends the handler's work when its reader leaves.
type answerBody struct {
	*io.PipeReader

	cancel context.CancelFunc
}

func (b *answerBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}
