package webhooks_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/egress"
	"github.com/aegisworld/aegis/webhooks"
)

// signed is what a verifier is given.
type signed struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func signedBy(secret string, r received) signed {
	s := signed{Secret: secret, Headers: map[string]string{}, Body: r.body}
	for _, h := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		s.Headers[h] = r.header.Get(h)
	}
	return s
}

func (s signed) with(header, value string) signed {
	headers := maps.Clone(s.Headers)
	headers[header] = value
	s.Headers = headers
	return s
}

// inNode verifies with the official library of Standard Webhooks on npm.
func inNode(t *testing.T, all []signed) (verdicts []string) {
	t.Helper()
	dir := filepath.Join("..", "tools", "webhook-verify")
	require.DirExists(t, filepath.Join(dir, "node_modules", "standardwebhooks"),
		"the official library is missing; with Node.js and npm installed, run: make tools/webhook-verify/node_modules/.package-lock.json")
	input, err := json.Marshal(all)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "node", "verify.js")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(string(input))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, complaints.String())
	require.NoError(t, json.Unmarshal(out, &verdicts))
	return verdicts
}

func inGo(t *testing.T, s signed) error {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(s.Secret)
	require.NoError(t, err)
	header := http.Header{}
	for k, v := range s.Headers {
		header.Set(k, v)
	}
	return w.Verify([]byte(s.Body), header)
}

func TestOfficialLibrariesVerifyWhatIsSent(t *testing.T) {
	t.Parallel()
	target := newReceiver(t, nil)
	r := newRig(t, target.URL, "", egress.Options{})
	r.send(t, report())
	first := r.secret
	_, second, err := r.registry.RotateWebhook(t.Context(), "wh-1", time.Hour)
	require.NoError(t, err)
	r.send(t, map[string]any{"text": "ünïcode <&> \u2028 \"quotes\""})
	got := target.all()
	require.Len(t, got, 2)
	require.Len(t, strings.Fields(got[1].header.Get("webhook-signature")), 2, "both secrets sign")
	require.Equal(t, "dlv-1", got[0].header.Get("webhook-id"))
	require.Equal(t, "AegisWorld/v1", got[0].header.Get("User-Agent"))

	one, two := signedBy(first, got[0]), signedBy(first, got[1])
	newer, changed := two, one
	newer.Secret = second
	changed.Body = strings.Replace(one.Body, "mallory", "alice", 1)
	foreign := one
	foreign.Secret = second
	old := one.with("webhook-timestamp", strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10))
	good, bad := []signed{one, two, newer}, []signed{changed, foreign, old, one.with("webhook-id", "dlv-2"), one.with("webhook-signature", "v1,AAAA")}
	for i, verdict := range inNode(t, append(good, bad...)) {
		require.Equal(t, i < len(good), verdict == "ok", "%d: %s", i, verdict)
	}
	for _, s := range good {
		require.NoError(t, inGo(t, s))
	}
	for _, s := range bad {
		require.Error(t, inGo(t, s))
	}
}

// TestTheSDKReadsOurEvents has the SDK of CloudEvents read the request as a
// receiver would.
func TestTheSDKReadsOurEvents(t *testing.T) {
	t.Parallel()
	target := newReceiver(t, nil)
	r := newRig(t, target.URL, "", egress.Options{})
	r.send(t, report())
	got := target.all()[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(got.body))
	require.NoError(t, err)
	req.Header = got.header
	message := cehttp.NewMessageFromHttpRequest(req)
	require.Equal(t, binding.EncodingStructured, message.ReadEncoding())
	event, err := binding.ToEvent(t.Context(), message)
	require.NoError(t, err)
	require.NoError(t, event.Validate())
	require.Equal(t, cloudevents.VersionV1, event.SpecVersion())
	require.Equal(t, "evt-7", event.ID())
	require.Equal(t, "urn:aegis:prod:stack:prod.network.eu-west-1", event.Source())
	require.Equal(t, webhooks.TypeDriftDetected, event.Type())
	require.Equal(t, "drift-1", event.Subject())
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), event.Time())
	require.Equal(t, map[string]any{"sequence": "0000000042", "sequencetype": "Integer", "stackid": "prod.network.eu-west-1"}, event.Extensions())
	var back aegis.DriftReport
	require.NoError(t, event.DataAs(&back))
	require.Equal(t, "mallory", back.Cause.Actor.Principal)
}
