package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
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

// ActiveBundle reads the policy bundle that runs, a .tar.gz, and its digest.
func (c *Client) ActiveBundle(ctx context.Context) (digest string, archive []byte, err error) {
	req, err := c.request(ctx, http.MethodGet, "/v1/policies/bundles/active", nil, nil)
	if err != nil {
		return "", nil, err
	}
	req.Header.Set("Accept", "application/gzip, application/problem+json")
	res, err := c.http.Do(req)
	if err != nil {
		return "", nil, &unreachableError{err}
	}
	defer func() { _ = res.Body.Close() }() // everything was read
	if res.StatusCode != http.StatusOK {
		return "", nil, decode(res, nil)
	}
	if archive, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return "", nil, fmt.Errorf("read the running policy bundle: %w", &unreachableError{err})
	}
	return strings.Trim(res.Header.Get("ETag"), `"`), archive, nil
}
