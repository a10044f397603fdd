// Package egress is the one guarded HTTP client for what leaves: webhooks,
// bundles, uploads. It connects to public addresses and to what the operator
// named, and decides on the address that it connects to, at the moment when it
// does, so that neither a name that resolves otherwise the second time nor a
// redirect leads it elsewhere.
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// ErrRefused says that a destination is not public and not named by the
// configuration.
var ErrRefused = errors.New("destination refused")

// RefusedError says which address was refused and why. It matches ErrRefused.
type RefusedError struct {
	// Host is what was asked for, without the port.
	Host string
	// Addr is what it resolved to.
	Addr netip.Addr
	// Why is what kind of address that is, such as "loopback".
	Why string
}

// Error names the host, its address and the reason.
func (e *RefusedError) Error() string {
	if e.Host == e.Addr.String() {
		return fmt.Sprintf("%s is a %s address: %s", e.Host, e.Why, ErrRefused)
	}
	return fmt.Sprintf("%s resolves to %s, a %s address: %s", e.Host, e.Addr, e.Why, ErrRefused)
}

// Is matches ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

type resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options configure a Guard.
type Options struct {
	// Allow names what is reachable beside public addresses, see Allowed.
	Allow []string
	// Resolver turns names into addresses; net.DefaultResolver when nil.
	Resolver resolver
	// Dial connects to an address that was found good; a net.Dialer's when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Guard decides where connections may lead. It is safe for concurrent use.
type Guard struct {
	allowed  Allowed
	special  ranges
	resolver resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// New checks the options; its error names the entry of Allow at fault.
func New(o Options) (*Guard, error) {
	allowed, err := ParseAllowed(o.Allow)
	if err != nil {
		return nil, err
	}
	g := &Guard{allowed: allowed, special: specialRanges(), resolver: o.Resolver, dial: o.Dial}
	if g.resolver == nil {
		g.resolver = net.DefaultResolver
	}
	if g.dial == nil {
		g.dial = (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext
	}
	return g, nil
}

// For returns a guard for one server that the configuration itself names: its
// host may be anywhere that a name in Options.Allow may be, or at the address
// that it is.
func For(u *url.URL) (*Guard, error) {
	return New(Options{Allow: []string{u.Hostname()}})
}

const (
	connectTimeout = 5 * time.Second
	// maxHeader is the most bytes of response headers that are read.
	maxHeader = 64 << 10
	// maxRedirects is how many redirects Following follows.
	maxRedirects = 5
)

// Check says whether a URL's host may be connected to as things are: nil,
// ErrRefused, or why its name could not be resolved. The answer holds for this
// moment only; every connection is decided anew.
func (g *Guard) Check(ctx context.Context, u *url.URL) error {
	_, err := g.addresses(ctx, u.Hostname())
	return err
}

// Named says whether the configuration names the host, or the addresses that
// it is, as reachable.
func (g *Guard) Named(host string) bool {
	if g.allowed.host(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && g.allowed.addr(addr)
}

// Client returns a client that follows no redirects. It uses no proxy, no
// cookies and no credentials of the environment. Requests bound their time by
// their context, and their answer by what they read.
func (g *Guard) Client() *http.Client {
	return &http.Client{
		Transport:     g.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Following returns a client that follows up to five redirects, each to what
// may be connected to and none from https to http.
func (g *Guard) Following() *http.Client {
	return &http.Client{
		Transport: g.transport(),
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			switch {
			case len(via) > maxRedirects:
				return fmt.Errorf("stopped after %d redirects", maxRedirects)
			case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https":
				return fmt.Errorf("redirect from https to %s: %w", req.URL.Scheme, ErrRefused)
			}
			return nil
		},
	}
}

func (g *Guard) transport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // what is guarded is where connections lead
		DialContext:            g.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    connectTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
	}
}

// DialContext connects to host:port by an address that may be connected to.
// The address is not resolved a second time.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	addrs, err := g.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, addr := range addrs {
		conn, err := g.dial(ctx, network, net.JoinHostPort(addr.String(), port))
		if err == nil {
			return conn, nil
		}
		faults = append(faults, err)
	}
	return nil, errors.Join(faults...)
}

// addresses are those of a host that may be connected to; the error is the
// first refusal when there is none.
func (g *Guard) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	all, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	named := g.allowed.host(host)
	var good []netip.Addr
	var refused *RefusedError
	for _, addr := range all {
		why := g.refusal(addr, named)
		if why == "" {
			good = append(good, addr.Unmap())
		} else if refused == nil {
			refused = &RefusedError{Host: host, Addr: addr, Why: why}
		}
	}
	if len(good) == 0 && refused != nil {
		return nil, refused
	}
	return good, nil
}

func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	all, err := g.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("resolve %s: it has no address", host)
	}
	return all, nil
}
