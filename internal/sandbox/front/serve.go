package front

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/sigv4"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// ServeHTTP answers one AWS API call.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hostedBucket(r)
	withoutOwn(r.Header)
	requestID := newUUID()
	sig, err := sigv4.Parse(r)
	body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	c := wire.Decode(r, body, sig.Service, sig.Region)
	var resp wire.Response
	switch {
	case readErr != nil:
		resp = c.Fail(unreadable(c, readErr), requestID)
	case errors.Is(err, sigv4.ErrMissing):
		resp = c.Fail(c.Refuse(wire.MissingToken, "Request is missing Authentication Token"), requestID)
	case err != nil:
		resp = c.Fail(c.Refuse(wire.Incomplete, err.Error()), requestID)
	default:
		resp, err = f.answer(r, c, sig, requestID)
		if errors.Is(err, errUnreachable) {
			reset(w)
			return
		}
	}
	write(w, resp)
}

// errUnreachable says that the connection is to be reset.
var errUnreachable = errors.New("unreachable by an injected fault")

func (f *Front) answer(r *http.Request, c wire.Call, sig sigv4.Signature, requestID string) (wire.Response, error) {
	met := f.faults.meet(c)
	if met.latency > 0 {
		if err := wait(r.Context(), met.latency); err != nil {
			return wire.Response{}, errUnreachable
		}
	}
	if met.unreachable {
		return wire.Response{}, errUnreachable
	}
	who, fault := f.authenticate(r, c, sig)
	if fault != nil {
		return c.Fail(fault, requestID), nil
	}
	if fault = met.fault; fault == nil {
		fault = f.authorize(r, c, who)
	}
	resp := f.carryOut(r, fillUser(c, who), who, fault, requestID)
	f.record(r, c, who, resp, requestID)
	return resp, nil
}

// carryOut performs a call, or answers why not.
func (f *Front) carryOut(r *http.Request, c wire.Call, who caller, fault *wire.APIError, requestID string) wire.Response {
	if fault != nil {
		return c.Fail(fault, requestID)
	}
	if c.Service == "sts" {
		return f.serveSTS(r, c, who, requestID)
	}
	ctx := r.Context()
	if away := f.elsewhere(c, requestID); away != nil {
		return *away
	}
	resp, err := f.perform(ctx, c)
	if fault := new(wire.APIError); errors.As(err, &fault) {
		return c.Fail(fault, requestID)
	}
	if err != nil {
		f.logger.WarnContext(ctx, "perform call", "service", c.Service, "action", c.Action, "region", c.Region, "error", err)
		return c.Fail(c.Refuse(wire.Unavailable, "The emulated service is not available at the moment."), requestID)
	}
	return resp
}

func unreadable(c wire.Call, err error) *wire.APIError {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return c.Refuse(wire.TooLarge, fmt.Sprintf("The sandbox takes request bodies of at most %d bytes.", MaxBody))
	}
	return c.Refuse(wire.Incomplete, "The request's body could not be read.")
}

// hostedBucket turns the address BUCKET.localhost/KEY into /BUCKET/KEY.
func hostedBucket(r *http.Request) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	bucket, ok := strings.CutSuffix(host, ".localhost")
	if !ok || bucket == "" {
		return
	}
	r.URL.Path = "/" + bucket + r.URL.Path
	if r.URL.RawPath != "" {
		r.URL.RawPath = "/" + bucket + r.URL.RawPath
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// reset closes the client's connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func write(w http.ResponseWriter, resp wire.Response) {
	for name, values := range resp.Header {
		switch name {
		case "Connection", "Transfer-Encoding", "Content-Length", "Date", "Server":
		default:
			w.Header()[name] = values
		}
	}
	if length := resp.Header.Get("Content-Length"); length != "" && len(resp.Body) == 0 {
		w.Header().Set("Content-Length", length)
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
	}
	w.WriteHeader(resp.Status)
	_, _ = w.Write(resp.Body)
}

// newUUID is a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
