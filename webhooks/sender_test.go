package webhooks_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/egress"
	"github.com/aegisworld/aegis/webhooks"
)

// memory is a store of one webhook, whose claims are as a test sets them.
type memory struct {
	mu       sync.Mutex
	endpoint webhooks.Endpoint
	claims   map[string]webhooks.Claim
	outcomes []webhooks.Outcome
	later    time.Duration
}

func (m *memory) CreateWebhook(_ context.Context, e webhooks.Endpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endpoint = e
	return nil
}

func (m *memory) Webhook(context.Context, string) (aegis.Webhook, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.endpoint.Webhook, nil
}

func (m *memory) RotateWebhook(_ context.Context, _ string, sealed []byte, overlap time.Duration) (aegis.Webhook, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endpoint.SecretSealed, m.endpoint.OldSecretSealed = sealed, m.endpoint.SecretSealed
	if overlap == 0 {
		m.endpoint.OldSecretSealed = nil
	}
	return m.endpoint.Webhook, nil
}

func (m *memory) ClaimDelivery(_ context.Context, id string, _ webhooks.Terms) (*webhooks.Claim, time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.claims[id]
	if !ok {
		return nil, m.later, nil
	}
	c.Endpoint = m.endpoint
	c.Endpoint.Failures = 3
	c.Delivery.DeliveryID = id
	return &c, 0, nil
}

func (m *memory) FinishDelivery(_ context.Context, o webhooks.Outcome, _ webhooks.Terms) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outcomes = append(m.outcomes, o)
	return nil
}

// received is one request that a receiver got.
type received struct {
	header http.Header
	body   string
}

// receiver keeps what it is sent, and answers as it is told.
type receiver struct {
	*httptest.Server

	mu  sync.Mutex
	got []received
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.got = append(r.got, received{req.Header, string(body)})
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// rig is a sender with its store.
type rig struct {
	*memory

	registry *webhooks.Registry
	sender   *webhooks.Sender
	secret   string
}

func sealer(t *testing.T) webhooks.Sealer {
	t.Helper()
	s, err := webhooks.NewSealer([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	return s
}

func newRig(t *testing.T, target string, format aegis.WebhookFormat, o egress.Options) *rig {
	t.Helper()
	if o.Allow == nil && o.Resolver == nil {
		o.Allow = []string{"127.0.0.1"}
	}
	guard, err := egress.New(o)
	require.NoError(t, err)
	m := &memory{claims: map[string]webhooks.Claim{}}
	r := &rig{
		memory:   m,
		registry: &webhooks.Registry{Store: m, Guard: guard, Sealer: sealer(t)},
		sender: webhooks.NewSender(webhooks.SenderConfig{
			Store: m, Client: guard.Client(), Sealer: sealer(t), Environment: "prod", Version: "v1", Patience: 10 * time.Second,
			Logger: slog.New(slog.DiscardHandler),
		}),
	}
	_, r.secret, err = r.registry.CreateWebhook(t.Context(), aegis.Webhook{WebhookID: "wh-1", URL: target, Format: format})
	require.NoError(t, err)
	return r
}

// send delivers an event and returns what came of it.
func (r *rig) send(t *testing.T, data any) webhooks.Outcome {
	t.Helper()
	encoded, err := json.Marshal(data)
	require.NoError(t, err)
	r.claims["dlv-1"] = webhooks.Claim{
		Delivery: aegis.WebhookDelivery{WebhookID: "wh-1", EventType: webhooks.TypeDriftDetected, StackID: "prod.network.eu-west-1", Sequence: 42},
		Event:    aegis.Event{Seq: 7, ID: "drift-1", Data: encoded, At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)},
	}
	require.NoError(t, r.sender.Deliver(t.Context(), "dlv-1"))
	require.NotEmpty(t, r.outcomes)
	return r.outcomes[len(r.outcomes)-1]
}

func report() aegis.DriftReport {
	return aegis.DriftReport{
		DriftReportID: "drift-1", StackID: "prod.network.eu-west-1", Region: "eu-west-1", Kind: aegis.DriftChanged, State: aegis.DriftOpen,
		Cause: aegis.DriftCause{
			Kind: "event", EventSource: "ec2.amazonaws.com", EventName: "AuthorizeSecurityGroupIngress",
			Actor: &aegis.CloudActor{Principal: "mallory", SourceIP: "198.51.100.7"},
		},
		Changes: []aegis.DriftChange{{
			Address: "aws:ec2/securityGroup:SecurityGroup::workload", Attribute: "ingress", After: "<!channel> *22*", Decision: aegis.CorrectDrift,
		}},
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	victim := newReceiver(t, nil)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   func(t *testing.T, o webhooks.Outcome)
	}{
		"a success": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, aegis.DeliveryDelivered, o.State)
			require.Equal(t, http.StatusAccepted, o.Attempt.Status)
			require.Empty(t, o.Attempt.Error)
			require.Zero(t, o.PauseFor)
		}},
		"a failure": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "no\x00 \x1b[31mluck\xff")
		}, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, aegis.DeliveryPending, o.State)
			require.Equal(t, "no [31mluck", o.Attempt.Response, "fit for a database and a terminal")
			require.InDelta(t, 5, o.RetryIn.Seconds(), 1)
		}},
		"gone": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, aegis.DeliveryFailed, o.State)
			require.Equal(t, "it answered 410 Gone", o.Disable)
		}},
		"a wish for a pause": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, 2*time.Minute, o.RetryIn)
			require.Equal(t, 2*time.Minute, o.PauseFor, "all its deliveries rest")
		}},
		"a redirect to loopback": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, victim.URL, http.StatusTemporaryRedirect)
		}, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, aegis.DeliveryPending, o.State)
			require.Contains(t, o.Attempt.Error, "redirects are not followed")
			require.Empty(t, victim.all())
		}},
		"10 MiB": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := strings.Repeat("x", 64<<10)
			for range 160 {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, aegis.DeliveryDelivered, o.State)
			require.Len(t, o.Attempt.Response, 1<<10)
		}},
		"a connection that breaks": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, func(t *testing.T, o webhooks.Outcome) {
			t.Helper()
			require.Equal(t, aegis.DeliveryPending, o.State)
			require.Zero(t, o.Attempt.Status)
			require.Contains(t, o.Attempt.Error, "EOF")
			require.NotContains(t, o.Attempt.Error, "key=k1", "the URL may be a secret")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, newReceiver(t, c.answer).URL+"/hook?key=k1", "", egress.Options{})
			c.want(t, r.send(t, report()))
		})
	}
}

func TestATargetThatHangs(t *testing.T) {
	t.Parallel()
	for name, began := range map[string]bool{"before it answers": false, "in its answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
				if began {
					_, _ = io.WriteString(w, "o")
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			r := newRig(t, target.URL, "", egress.Options{})
			r.sender.Patience = 100 * time.Millisecond
			o := r.send(t, report())
			if began {
				require.Equal(t, aegis.DeliveryDelivered, o.State, "it said 200")
				return
			}
			require.Equal(t, aegis.DeliveryPending, o.State)
			require.Equal(t, "it did not answer within 100ms", o.Attempt.Error)
		})
	}
}

func TestAStopOfTheProcessSaysNothingOfTheTarget(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	target := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done()
	})
	r := newRig(t, target.URL, "", egress.Options{})
	r.claims["dlv-1"] = webhooks.Claim{Delivery: aegis.WebhookDelivery{EventType: webhooks.TypeDriftDetected}}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-reached
		stop()
	}()
	require.ErrorIs(t, r.sender.Deliver(ctx, "dlv-1"), context.Canceled)
	require.Empty(t, r.outcomes)
}

func TestWhatIsNotDueComesBackLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, "https://1.1.1.1", "", egress.Options{})
	require.NoError(t, r.sender.Deliver(t.Context(), "dlv-ended"))
	r.later = time.Minute
	err := r.sender.Deliver(t.Context(), "dlv-waits")
	var wait interface{ RetryAfter() time.Duration }
	require.ErrorAs(t, err, &wait)
	require.GreaterOrEqual(t, wait.RetryAfter(), time.Minute)
}

// shifty is public when it is asked first, and loopback ever after.
type shifty struct {
	mu    sync.Mutex
	asked bool
}

func (s *shifty) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asked {
		s.asked = true
		return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

func TestANameThatRebinds(t *testing.T) {
	t.Parallel()
	victim := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(victim.Close)
	_, port, err := net.SplitHostPort(victim.Listener.Addr().String())
	require.NoError(t, err)
	r := newRig(t, "https://rebind.example:"+port+"/x", "", egress.Options{Resolver: &shifty{}})
	o := r.send(t, report())
	require.Equal(t, aegis.DeliveryPending, o.State)
	require.Equal(t, "rebind.example resolves to 127.0.0.1, a loopback address: destination refused", o.Attempt.Error)
}

func TestTargetsThatAreRefused(t *testing.T) {
	t.Parallel()
	guard, err := egress.New(egress.Options{Resolver: staticNames{"inside.example": "10.0.0.5", "fine.example": "1.1.1.1"}})
	require.NoError(t, err)
	registry := &webhooks.Registry{Store: &memory{}, Guard: guard, Sealer: sealer(t)}
	for target, remedy := range map[string]string{
		"":                           "give an address such as https://",
		"hooks.example":              "give an address such as https://",
		"https:fine.example":         "give an address such as https://",
		"https://fine.example/a b":   "give an address such as https://",
		"ftp://fine.example":         "must begin with https://",
		"file:///etc/passwd":         "give an address such as https://",
		"http://fine.example":        "use https://",
		"https://u:p@fine.example":   "leave out the user and the password",
		"https://fine.example/#x":    "leave out what follows #",
		"https://fine.example/#":     "leave out what follows #",
		"https://nowhere.example":    "does not resolve; check the name",
		"https://inside.example":     "resolves to 10.0.0.5, a private address: destination refused; use a public address, or name it in egress.allow",
		"https://127.0.0.1":          "loopback",
		"https://[::ffff:127.0.0.1]": "loopback",
		"https://169.254.169.254/x":  "metadata",
		"https://fine.example/" + strings.Repeat("a", 2048): "longer than 2048",
	} {
		_, _, err := registry.CreateWebhook(t.Context(), aegis.Webhook{WebhookID: "wh-1", URL: target})
		var invalid *aegis.InvalidError
		require.ErrorAs(t, err, &invalid, target)
		require.Len(t, invalid.Faults, 1, target)
		require.Equal(t, "url", invalid.Faults[0].Field, target)
		require.Contains(t, invalid.Faults[0].Message, remedy, target)
	}
	_, _, err = registry.CreateWebhook(t.Context(), aegis.Webhook{
		WebhookID: "wh-1", URL: "https://fine.example", Format: "xml", Description: "\x1b", EventTypes: []string{"aegis.nothing", "[", ""}, Stacks: []string{"[", ""},
	})
	var invalid *aegis.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Faults, 7)
	_, _, err = registry.CreateWebhook(t.Context(), aegis.Webhook{
		WebhookID: "wh-1", URL: "https://fine.example", EventTypes: []string{"aegis.drift.*", "aegis.*"}, Stacks: []string{"prod.*.eu-west-1"},
	})
	require.NoError(t, err)
	_, _, err = registry.RotateWebhook(t.Context(), "wh-1", 8*24*time.Hour)
	require.ErrorContains(t, err, "overlap_seconds")
}

type staticNames map[string]string

func (s staticNames) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if s[host] == "" {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr(s[host])}, nil
}

func TestSecretsAreNotKeptInTheClear(t *testing.T) {
	t.Parallel()
	r := newRig(t, "https://1.1.1.1/services/T0/B0/s3cret?token=p4rameter", aegis.WebhookSlack, egress.Options{})
	kept, err := json.Marshal(r.endpoint)
	require.NoError(t, err)
	raw := string(r.endpoint.URLSealed) + string(r.endpoint.SecretSealed) + string(kept)
	for _, secret := range []string{"s3cret", "p4rameter", r.secret, strings.TrimPrefix(r.secret, "whsec_")} {
		require.NotContains(t, raw, secret)
	}
	require.Equal(t, "https://1.1.1.1/…", r.endpoint.URL)
	require.True(t, strings.HasPrefix(r.secret, "whsec_"))

	another, err := webhooks.NewSealer([]byte("another"))
	require.NoError(t, err)
	r.sender.Sealer = another
	r.claims["dlv-1"] = webhooks.Claim{Delivery: aegis.WebhookDelivery{EventType: webhooks.TypeDriftDetected}}
	require.ErrorContains(t, r.sender.Deliver(t.Context(), "dlv-1"), "the workers' secrets keys must be the same")
	require.Empty(t, r.outcomes, "that is no fault of the target")

	r.endpoint.WebhookID = "wh-2" // what is sealed for one does not open for another
	r.sender.Sealer = sealer(t)
	require.ErrorContains(t, r.sender.Deliver(t.Context(), "dlv-1"), "decrypt the url of webhook wh-2")
}

func TestParametersOfURLsAreNotShown(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"https://1.1.1.1:8443/aegis?key=k1": "https://1.1.1.1:8443/aegis?…", "https://1.1.1.1": "https://1.1.1.1",
	} {
		r := newRig(t, target, "", egress.Options{})
		require.Equal(t, want, r.endpoint.URL)
		u, err := url.Parse(r.endpoint.URL)
		require.NoError(t, err)
		require.NotContains(t, u.String(), "k1")
	}
}
