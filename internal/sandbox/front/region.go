package front

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// errNotConnected says that a region's emulator is not running at the moment.
var errNotConnected = errors.New("the region's emulator is not running")

// region is one emulator and the journal of what changed it. Reads run
// together; a change runs alone, so that the emulator's random numbers, seeded
// before each change, come out the same at replay.
type region struct {
	name    string
	journal *journal

	mu       sync.RWMutex
	emulator http.RoundTripper
	// touched holds the services that were called since the emulator began. The
	// first call of a service makes its default resources, so it is journaled
	// even when it reads.
	touched map[string]bool
}

func (r *region) do(ctx context.Context, c wire.Call) (wire.Response, error) {
	if r.alters(c) {
		return r.change(ctx, c)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.emulator == nil {
		return wire.Response{}, errNotConnected
	}
	return send(ctx, r.emulator, c)
}

// alters says that the call must be journaled.
func (r *region) alters(c wire.Call) bool {
	if c.Transient() {
		return false
	}
	if !c.ReadOnly() {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return !r.touched[c.Service]
}

func (r *region) change(ctx context.Context, c wire.Call) (wire.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.emulator == nil {
		return wire.Response{}, errNotConnected
	}
	seed, err := newSeed()
	if err != nil {
		return wire.Response{}, err
	}
	at := time.Now()
	// A client that goes away must not leave a change that is not journaled.
	ctx = context.WithoutCancel(ctx)
	resp, err := chosen(ctx, r.emulator, c, at, seed)
	if err == nil {
		err = r.release(ctx, seed)
	}
	if err != nil {
		return resp, err
	}
	if resp.Status >= http.StatusBadRequest && r.touched[c.Service] {
		return resp, nil
	}
	if err := r.journal.append(newEntry(at, seed, c, resp)); err != nil {
		return wire.Response{}, err
	}
	r.touched[c.Service] = true
	return resp, nil
}

func newSeed() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, fmt.Errorf("draw a seed: %w", err)
	}
	return binary.BigEndian.Uint64(b[:]) >> 1, nil
}

// chosen makes the call with the emulator's clock standing at that time and its
// random choices depending on seed alone.
func chosen(ctx context.Context, emulator http.RoundTripper, c wire.Call, at time.Time, seed uint64) (wire.Response, error) {
	if err := setChance(ctx, emulator, c.Region, at, seed); err != nil {
		return wire.Response{}, err
	}
	return send(ctx, emulator, c)
}

// release lets the emulator's clock run again.
func (r *region) release(ctx context.Context, seed uint64) error {
	return setChance(ctx, r.emulator, r.name, time.Time{}, ^seed>>1)
}

// setChance gives the emulator seed and time in one number, as clock.py reads
// it. The zero time lets the clock run.
func setChance(ctx context.Context, emulator http.RoundTripper, region string, at time.Time, seed uint64) error {
	number := new(big.Int).SetUint64(seed)
	if !at.IsZero() {
		number.Or(number, new(big.Int).Lsh(big.NewInt(at.UnixMicro()), 64))
	}
	target := &url.URL{Path: "/moto-api/seed", RawQuery: "a=" + number.String()}
	_, err := send(ctx, emulator, wire.Call{Service: "moto-api", Region: region, Method: http.MethodPost, URL: target})
	if err != nil {
		return fmt.Errorf("seed the emulator: %w", err)
	}
	return nil
}

// emulatorKey signs for every caller: the emulator does not judge.
const emulatorKey = "AKIAAAAAAAAAEMULATOR"

// send passes the call to the emulator and reads the whole answer. Whoever
// called is not told: the emulator needs only the service and the region.
func send(ctx context.Context, emulator http.RoundTripper, c wire.Call) (wire.Response, error) {
	target := &url.URL{Scheme: "http", Host: "localhost", Path: c.URL.Path, RawPath: c.URL.RawPath, RawQuery: unsignedQuery(c.URL)}
	req, err := http.NewRequestWithContext(ctx, c.Method, target.String(), bytes.NewReader(c.Body))
	if err != nil {
		return wire.Response{}, fmt.Errorf("send %s %s to the emulator: %w", c.Service, c.Action, err)
	}
	req.Header = forwarded(c.Header)
	req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=host, Signature=0",
		emulatorKey, time.Now().UTC().Format("20060102"), c.Region, c.Service))
	req.Header.Set("User-Agent", "aegis-sandbox")
	resp, err := emulator.RoundTrip(req)
	if err != nil {
		return wire.Response{}, fmt.Errorf("send %s %s to the emulator: %w", c.Service, c.Action, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return wire.Response{}, fmt.Errorf("read the emulator's answer to %s %s: %w", c.Service, c.Action, err)
	}
	return wire.Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// forwarded are the headers that mean something to the emulator.
func forwarded(h http.Header) http.Header {
	out := h.Clone()
	if out == nil {
		out = http.Header{}
	}
	for _, name := range []string{
		"Authorization", "X-Amz-Security-Token", "Connection", "Accept-Encoding", "Content-Length", "Expect",
		"X-Forwarded-For", "Forwarded", "Proxy-Authorization", "Te", "Trailer", "Upgrade",
	} {
		out.Del(name)
	}
	return out
}

// unsignedQuery is the query without a presigned request's signature.
func unsignedQuery(u *url.URL) string {
	query := u.Query()
	if !query.Has("X-Amz-Signature") {
		return u.RawQuery
	}
	for _, name := range []string{"Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"} {
		query.Del("X-Amz-" + name)
	}
	return query.Encode()
}
