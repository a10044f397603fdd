package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aegisworld/aegis"
)

// PushBundle proposes a policy bundle, a .tar.gz. composedOn is the digest of
// the running bundle that it was composed with, "" for one that stands on its
// own; aegis.ErrConflict and a failed change set say that another one runs.
func (c *Client) PushBundle(ctx context.Context, archive []byte, composedOn string) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/policies/bundles", struct {
		Bundle     []byte `json:"bundle"`
		ComposedOn string `json:"composed_on,omitempty"`
	}{archive, composedOn})
}

// RollbackBundle proposes the policy bundle that ran before the running one.
func (c *Client) RollbackBundle(ctx context.Context) (aegis.AutonomousChangeSet, error) {
	return post[aegis.AutonomousChangeSet](ctx, c, "/v1/policies/bundles/rollback", nil)
}

// Bundles lists the policy bundles that came, newest first.
func (c *Client) Bundles(ctx context.Context, page aegis.Page) (List[aegis.PolicyBundle], error) {
	return get[List[aegis.PolicyBundle]](ctx, c, "/v1/policies/bundles", pageQuery(page))
}

// ActiveBundle is the policy bundle that runs.
type ActiveBundle struct {
	// Archive is a .tar.gz, Digest that of its files.
	Archive []byte
	Digest  string
	// SandboxDir is the data folder of a sandbox on this machine, whose key
	// signs bundles there; "" elsewhere.
	SandboxDir string
}

// ActiveBundle reads the policy bundle that runs.
func (c *Client) ActiveBundle(ctx context.Context) (ActiveBundle, error) {
	req, err := c.request(ctx, http.MethodGet, "/v1/policies/bundles/active", nil, nil)
	if err != nil {
		return ActiveBundle{}, err
	}
	req.Header.Set("Accept", "application/gzip, application/problem+json")
	res, err := c.http.Do(req)
	if err != nil {
		return ActiveBundle{}, &unreachableError{err}
	}
	defer func() { _ = res.Body.Close() }() // everything was read
	if res.StatusCode != http.StatusOK {
		return ActiveBundle{}, decode(res, nil)
	}
	archive, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return ActiveBundle{}, fmt.Errorf("read the running policy bundle: %w", &unreachableError{err})
	}
	active := ActiveBundle{Archive: archive, Digest: strings.Trim(res.Header.Get("ETag"), `"`)}
	if loopback(c.base) {
		active.SandboxDir = res.Header.Get("Aegis-Sandbox-Dir")
	}
	return active, nil
}

// loopback says that the API is on this machine.
func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
