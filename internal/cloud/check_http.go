package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// probeTimeout bounds a probe; maxProbeBody is how much of its answer is read,
// in bytes.
const (
	probeTimeout = 10 * time.Second
	maxProbeBody = 64 << 10
)

// prober makes the HTTP checks. Unless it is told otherwise, it connects to
// public addresses only, whatever names and redirects lead to.
type prober struct{ client *http.Client }

func newProber(private bool) prober {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return refusePrivate(address) }
	}
	return prober{client: &http.Client{
		Timeout: probeTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, DisableKeepAlives: true,
			MaxResponseHeaderBytes: maxProbeBody,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("more than three redirects")
			}
			return checkURL(request.URL)
		},
	}}
}

// refusePrivate refuses addresses that are not on the public internet, such as
// the metadata service's.
func refusePrivate(address string) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	ip := target.Addr().Unmap()
	shared := netip.MustParsePrefix("100.64.0.0/10")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return fmt.Errorf("address %s is not public", ip)
	}
	return nil
}

func checkURL(target *url.URL) error {
	if target.Scheme != "http" && target.Scheme != "https" || target.Host == "" || target.User != nil {
		return fmt.Errorf("%q is not a plain http or https URL", target.Redacted())
	}
	return nil
}

// get asks a URL, which must answer below 400.
func (p prober) get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	if err := checkURL(request.URL); err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxProbeBody)); err != nil {
		return "", fmt.Errorf("probe: read answer: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("answered %s", response.Status)
	}
	return "answered " + response.Status, nil
}
