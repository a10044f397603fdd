package egress_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/internal/egress"
)

// names answers look-ups, each time with the next of a name's answers; the last
// one stays.
type names struct {
	mu    sync.Mutex
	addrs map[string][]string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers, ok := n.addrs[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.addrs[host] = answers[1:]
	}
	var out []netip.Addr
	for a := range strings.FieldsSeq(answers[0]) {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

func guard(t *testing.T, o egress.Options) *egress.Guard {
	t.Helper()
	g, err := egress.New(o)
	require.NoError(t, err)
	return g
}

func check(t *testing.T, g *egress.Guard, host string) error {
	t.Helper()
	return g.Check(t.Context(), &url.URL{Scheme: "https", Host: host})
}

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	g := guard(t, egress.Options{})
	for why, hosts := range map[string][]string{
		"loopback":          {"127.0.0.1", "127.9.9.9:8080", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"},
		"private":           {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "[fd12::1]", "[::ffff:a00:1]", "[fec0::1]", "[64:ff9b::10.0.0.1]"},
		"link-local":        {"169.254.1.1", "[fe80::1]", "[fe80::1%25eth0]"},
		"metadata":          {"169.254.169.254", "[::ffff:169.254.169.254]", "169.254.170.2", "[fd00:ec2::254]", "168.63.129.16", "100.100.100.200", "[64:ff9b::a9fe:a9fe]"},
		"carrier-grade NAT": {"100.64.0.1", "100.127.255.255"},
		"multicast":         {"224.0.0.1", "239.255.255.255", "[ff02::1]"},
		"unspecified":       {"0.0.0.0", "0.1.2.3", "[::]"},
		"reserved":          {"192.0.2.1", "198.18.0.1", "203.0.113.7", "240.0.0.1", "255.255.255.255", "[2001:db8::1]", "[2001::1]", "[100::1]", "[4000::1]"},
		"local NAT64":       {"[64:ff9b:1::1]"},
	} {
		for _, host := range hosts {
			err := check(t, g, host)
			require.ErrorIs(t, err, egress.ErrRefused, host)
			require.ErrorContains(t, err, why, host)
		}
	}
}

func TestAddressesThatArePublic(t *testing.T) {
	t.Parallel()
	g := guard(t, egress.Options{})
	for _, host := range []string{
		"1.1.1.1", "8.8.8.8:443", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "[2606:4700::1111]", "[::ffff:1.1.1.1]",
		"[64:ff9b::1.1.1.1]", "169.253.0.1",
	} {
		require.NoError(t, check(t, g, host), host)
	}
}

func TestWhatTheOperatorNamed(t *testing.T) {
	t.Parallel()
	g := guard(t, egress.Options{
		Allow: []string{"127.0.0.0/8", "10.1.2.3", "Hooks.Corp.example.", "*.internal.example", "fd12::/16"},
		Resolver: &names{addrs: map[string][]string{
			"hooks.corp.example": {"10.9.9.9"}, "a.internal.example": {"127.0.0.1"}, "internal.example": {"10.0.0.1"},
			"other.example": {"10.9.9.9"}, "loop.example": {"127.0.0.1"}, "a.b.internal.example": {"169.254.169.254"},
		}},
	})
	for host, good := range map[string]bool{
		"127.0.0.1": true, "[::ffff:127.0.0.1]": true, "[::1]": false, "10.1.2.3": true, "10.1.2.4": false, "[fd12::9]": true,
		"hooks.corp.example": true, "HOOKS.corp.example": true, "a.internal.example": true, "internal.example": false,
		"other.example": false, "loop.example": true,
		"a.b.internal.example": false, // a name alone leads to no metadata
	} {
		err := check(t, g, strings.ToLower(host))
		require.Equal(t, good, err == nil, "%s: %v", host, err)
	}
	require.True(t, g.Named("127.0.0.1"))
	require.True(t, g.Named("hooks.corp.example"))
	require.False(t, g.Named("other.example"))
	for _, bad := range []string{"", "10.0.0.0/33", "http://x", "a b", "*", "fe80::1%eth0", strings.Repeat("a", 256), "x:80"} {
		_, err := egress.New(egress.Options{Allow: []string{bad}})
		require.ErrorContains(t, err, "is no network", bad)
	}
}

func TestAServerThatTheConfigurationNames(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"http://127.0.0.1:8080/x", "http://[::1]:8080/x", "https://1.1.1.1", "http://169.254.169.254"} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		g, err := egress.For(u)
		require.NoError(t, err, raw)
		require.NoError(t, g.Check(t.Context(), u), raw)
		require.ErrorIs(t, check(t, g, "10.0.0.1"), egress.ErrRefused, "and nothing else")
	}
	_, err := egress.For(&url.URL{Host: "a b"})
	require.Error(t, err)
}

func TestMixedAnswersUseThePublicAddressOnly(t *testing.T) {
	t.Parallel()
	var dialled []string
	g := guard(t, egress.Options{
		Resolver: &names{addrs: map[string][]string{"mixed.example": {"127.0.0.1 1.1.1.1 ::1"}}},
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			return nil, errors.New("away")
		},
	})
	_, err := g.DialContext(t.Context(), "tcp", "mixed.example:443")
	require.ErrorContains(t, err, "away")
	require.Equal(t, []string{"1.1.1.1:443"}, dialled)
}

// TestRebinding has a name that is public when it is checked and loopback when
// it is connected to.
func TestRebinding(t *testing.T) {
	t.Parallel()
	reached := false
	victim := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(victim.Close)
	_, port, err := net.SplitHostPort(victim.Listener.Addr().String())
	require.NoError(t, err)
	g := guard(t, egress.Options{Resolver: &names{addrs: map[string][]string{"evil.example": {"1.1.1.1", "127.0.0.1"}}}})
	require.NoError(t, check(t, g, "evil.example"))
	res, err := get(t, g.Client(), "http://evil.example:"+port)
	if err == nil {
		_ = res.Body.Close()
	}
	require.ErrorIs(t, err, egress.ErrRefused)
	require.False(t, reached)
}

func get(t *testing.T, c *http.Client, target string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	require.NoError(t, err)
	return c.Do(req)
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	reached := false
	victim := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(victim.Close)
	target := victim.URL
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/here":
			_, _ = io.WriteString(w, "here")
		case "/on":
			http.Redirect(w, r, "/here", http.StatusFound)
		default:
			http.Redirect(w, r, target, http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(front.Close)
	frontAddr := front.Listener.Addr().String()
	g := guard(t, egress.Options{
		Resolver: &names{addrs: map[string][]string{"front.example": {"1.1.1.1"}}},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, frontAddr) // all that is public is the front
		},
	})

	res, err := get(t, g.Client(), "http://front.example/")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusTemporaryRedirect, res.StatusCode, "not followed at all")

	res, err = get(t, g.Following(), "http://front.example/")
	if err == nil {
		_ = res.Body.Close()
	}
	require.ErrorIs(t, err, egress.ErrRefused)
	res, err = get(t, g.Following(), "http://front.example/loop")
	if err == nil {
		_ = res.Body.Close()
	}
	require.ErrorContains(t, err, "stopped after 5 redirects")
	res, err = get(t, g.Following(), "http://front.example/on")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.False(t, reached)
}

func TestNoProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	addr := server.Listener.Addr().String()
	g := guard(t, egress.Options{
		Resolver: &names{addrs: map[string][]string{"front.example": {"1.1.1.1"}}},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			require.Equal(t, "1.1.1.1:80", address)
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	})
	res, err := get(t, g.Client(), "http://front.example/")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusNoContent, res.StatusCode)
}

func TestHugeHeadersAreCutOff(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Padding", strings.Repeat("x", 1<<20))
	}))
	t.Cleanup(server.Close)
	res, err := get(t, guard(t, egress.Options{Allow: []string{"127.0.0.1"}}).Client(), server.URL)
	if err == nil {
		_ = res.Body.Close()
	}
	require.ErrorContains(t, err, "exceeded")
}

// TestNoFormOfALocalAddressPasses writes IPv4 addresses of refused ranges into
// all forms that IPv6 has for them.
func TestNoFormOfALocalAddressPasses(t *testing.T) {
	t.Parallel()
	g := guard(t, egress.Options{})
	ranges := []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "224.0.0.0/4", "0.0.0.0/8"}
	rapid.Check(t, func(rt *rapid.T) {
		prefix := netip.MustParsePrefix(rapid.SampledFrom(ranges).Draw(rt, "range"))
		b := prefix.Addr().As4()
		for i, r := range rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(rt, "bits") {
			free := max(0, min(8, 8*(i+1)-prefix.Bits()))
			b[i] |= r & byte(1<<free-1)
		}
		inner := netip.AddrFrom4(b)
		require.True(rt, prefix.Contains(inner))
		for _, form := range [][]byte{
			inner.AsSlice(),
			append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, b[:]...),
			append(make([]byte, 12), b[:]...),
			append([]byte{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, b[:]...),
			append(append([]byte{0x20, 0x02}, b[:]...), make([]byte, 10)...),
		} {
			addr, ok := netip.AddrFromSlice(form)
			require.True(rt, ok)
			host := addr.String()
			if addr.Is6() {
				host = "[" + host + "]"
			}
			require.ErrorIs(rt, g.Check(context.Background(), &url.URL{Host: host}), egress.ErrRefused, host)
		}
	})
}

// FuzzAllow feeds entries of a configuration, which must not allow what they
// do not name.
func FuzzAllow(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "::/0", "*.x", "localhost", "::ffff:10.0.0.0/104", "*.", ".", "-", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		a, err := egress.ParseAllowed([]string{entry})
		if err != nil {
			require.Equal(t, egress.Allowed{}, a)
			return
		}
		g, err := egress.New(egress.Options{Allow: []string{entry}})
		require.NoError(t, err)
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			require.Equal(t, prefix.Contains(netip.MustParseAddr("10.0.0.1")), g.Named("10.0.0.1"))
			return
		}
		if _, err := netip.ParseAddr(entry); err != nil {
			require.False(t, g.Named("169.254.169.254"))
		}
	})
}
