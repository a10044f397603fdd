package searchindex

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/opensearch-project/opensearch-go/v4/signer"

	"github.com/aegisworld/aegis"
)

const (
	// patience bounds one request, maxAnswer what is read of its answer.
	patience  = 30 * time.Second
	maxAnswer = 8 << 20
)

// direct sends requests to the configured address and nothing else. The client's
// own transport looks for nodes, asks them for statistics, and is changed by
// variables of the environment; the control plane has the right to none of that.
type direct struct {
	base   *url.URL
	signer signer.Signer
	http   *http.Transport
}

func newDirect(base *url.URL, signs signer.Signer) *direct {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return &direct{base: base, signer: signs, http: transport}
}

// Perform implements opensearchtransport.Interface. It follows no redirect.
func (d *direct) Perform(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), patience)
	defer cancel()
	req = req.Clone(ctx)
	req.URL.Scheme, req.URL.Host, req.Host = d.base.Scheme, d.base.Host, d.base.Host
	if err := d.signer.SignRequest(req); err != nil {
		return nil, fmt.Errorf("sign the request: %w: %w", aegis.ErrUnavailable, err)
	}
	res, err := d.http.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// Close implements io.Closer.
func (d *direct) Close() error {
	d.http.CloseIdleConnections()
	return nil
}
