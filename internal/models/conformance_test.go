package models_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
)

// secret is the API key of all tests.
const secret = "sk-test-5f1e8a"

func options(kind, url string) models.Options {
	o := models.Options{Name: "local", BaseURL: url, Key: func() (string, error) { return secret, nil }}
	if kind == models.Bedrock {
		o.Key, o.Region = nil, "eu-west-1" // a key goes over TLS only
		o.Credentials = func(context.Context) (aegis.Credentials, error) {
			return aegis.Credentials{AccessKeyID: "AKIA", SecretAccessKey: secret, Expires: time.Now().Add(time.Hour)}, nil
		}
	}
	return o
}

// start gives a provider of a kind and its server.
func start(t *testing.T, kind string) (model.Provider, *modeltest.Server) {
	t.Helper()
	server := modeltest.Start()
	t.Cleanup(server.Close)
	provider, err := models.New(kind, options(kind, server.URL(kind)))
	require.NoError(t, err)
	return provider, server
}

const object = `{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}`

func question(text string) model.Request {
	return model.Request{
		Kind: model.KindUnderstand, System: "Be brief.", MaxTokens: 100,
		Messages: []model.Message{{Role: model.RoleUser, Text: "one"}, {Role: model.RoleAssistant, Text: "two"}, {Role: model.RoleUser, Text: text}},
	}
}

// vendor is a test about one kind of provider.
type vendor struct {
	t    *testing.T
	kind string
}

// each runs a test for every kind of provider.
func each(t *testing.T, name string, test func(v vendor)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, kind := range models.Kinds() {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				test(vendor{t, kind})
			})
		}
	})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	each(t, "assembles a streamed answer and its metering", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Text: "Grüße, 世界", Input: 42, Output: 7})
		answer, err := p.Complete(t.Context(), "m", question("hello"))
		require.NoError(t, err)
		require.Equal(t, "Grüße, 世界", answer.Text)
		require.True(t, answer.Metered)
		require.Equal(t, []int{42, 7}, []int{answer.InputTokens, answer.OutputTokens})
		call := server.Calls()[0]
		require.Equal(t, kind, call.Protocol)
		require.Equal(t, "Be brief.", call.System)
		require.Equal(t, 100, call.MaxTokens)
		require.Equal(t, []modeltest.Message{{Role: "user", Text: "one"}, {Role: "assistant", Text: "two"}, {Role: "user", Text: "hello"}}, call.Messages)
	})

	each(t, "gives the schema and takes a structured answer", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Text: `{"n": 3}`}, modeltest.Step{Text: `{"n": 4}`, Plain: true})
		r := question("count")
		r.Schema = json.RawMessage(object)
		for _, want := range []string{`{"n": 3}`, `{"n": 4}`} {
			answer, err := p.Complete(t.Context(), "m", r)
			require.NoError(t, err)
			require.Equal(t, want, answer.Text)
		}
		require.JSONEq(t, object, string(server.Calls()[0].Schema))
	})

	each(t, "puts a schema that is no object into the instructions", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		r := question("list")
		r.Schema = json.RawMessage(`{"type":"array"}`)
		_, err := p.Complete(t.Context(), "m", r)
		require.NoError(t, err)
		require.Contains(t, server.Calls()[0].System, `{"type":"array"}`)
		require.Empty(t, server.Calls()[0].Tool)
	})

	each(t, "says what a refused call means, and that it cost nothing", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		for status, want := range map[int]error{
			400: model.ErrRejected, 401: model.ErrRejected, 403: model.ErrRejected, 404: model.ErrRejected, 413: model.ErrTooLarge,
			429: model.ErrRateLimited, 500: model.ErrOverloaded, 503: model.ErrOverloaded, 529: model.ErrOverloaded,
		} {
			server.Script("m", modeltest.Step{Status: status, RetryAfter: 7 * time.Second})
			_, err := p.Complete(t.Context(), "m", question("hello"))
			require.ErrorIs(t, err, want, "%d", status)
			call, ok := errors.AsType[*model.CallError](err)
			require.True(t, ok)
			require.True(t, call.Unpaid, "%d", status)
			require.Equal(t, 7*time.Second, call.RetryAfter)
			require.NotContains(t, err.Error(), secret)
		}
		require.Len(t, server.Calls(), 9, "an attempt is one call")
	})

	each(t, "does not say that a gateway's error cost nothing", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Status: 502})
		_, err := p.Complete(t.Context(), "m", question("hello"))
		require.ErrorIs(t, err, model.ErrOverloaded)
		call, _ := errors.AsType[*model.CallError](err)
		require.False(t, call.Unpaid)
	})

	for name, step := range map[string]modeltest.Step{
		"a connection that breaks":                 {Text: "half of it", Cut: true},
		"a stream that ends early":                 {Text: "half of it", End: true},
		"a stream that turns into something else":  {Text: "half of it", Garbage: true},
		"a server that gives up within the answer": {Text: "half of it", Fail: true},
	} {
		each(t, "reports "+name, func(v vendor) {
			t, kind := v.t, v.kind
			p, server := start(t, kind)
			server.Script("m", step)
			answer, err := p.Complete(t.Context(), "m", question("hello"))
			require.Error(t, err)
			require.True(t, errors.Is(err, model.ErrTruncated) || errors.Is(err, model.ErrBadAnswer) || errors.Is(err, model.ErrOverloaded), "%v", err)
			require.False(t, answer.Metered, "nobody knows what it costs")
			call, ok := errors.AsType[*model.CallError](err)
			require.True(t, ok)
			require.False(t, call.Unpaid)
		})
	}

	each(t, "tells a refusal, with what it cost", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Text: "I won't.", Refuse: true, Input: 9, Output: 2})
		answer, err := p.Complete(t.Context(), "m", question("hello"))
		require.ErrorIs(t, err, model.ErrRefused)
		require.True(t, answer.Metered)
		require.Equal(t, 9, answer.InputTokens)
	})

	each(t, "tells an answer that did not fit", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Text: "and then", Stop: modeltest.StopLength})
		answer, err := p.Complete(t.Context(), "m", question("hello"))
		require.ErrorIs(t, err, model.ErrTooLarge)
		require.True(t, answer.Metered)
	})

	each(t, "stops reading an answer that is too long", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Bytes: 4 << 20})
		answer, err := p.Complete(t.Context(), "m", question("hello"))
		require.ErrorIs(t, err, model.ErrTooLarge)
		require.Empty(t, answer.Text)
	})

	each(t, "refuses a call of a tool that nobody offered", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Tool: "rm -rf", Text: "{}"})
		_, err := p.Complete(t.Context(), "m", question("hello"))
		require.ErrorIs(t, err, model.ErrBadAnswer)
		require.ErrorContains(t, err, "rm -rf")
	})

	each(t, "does not charge what is not metered for less", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		server.Script("m", modeltest.Step{Unmetered: true})
		answer, err := p.Complete(t.Context(), "m", question("hello"))
		require.NoError(t, err)
		require.False(t, answer.Metered)
	})

	each(t, "gives up a slow call with its context", func(v vendor) {
		t, kind := v.t, v.kind
		p, server := start(t, kind)
		never := make(chan struct{})
		server.Script("m", modeltest.Step{Hold: never})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := p.Complete(ctx, "m", question("hello"))
			failed <- err
		}()
		require.Eventually(t, func() bool { return len(server.Calls()) == 1 }, 10*time.Second, time.Millisecond)
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled)
		<-server.Calls()[0].Gone
	})

	each(t, "tells a server that is not there, and that it cost nothing", func(v vendor) {
		t, kind := v.t, v.kind
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
		require.NoError(t, err)
		url := "http://" + listener.Addr().String()
		require.NoError(t, listener.Close())
		p, err := models.New(kind, options(kind, url))
		require.NoError(t, err)
		_, err = p.Complete(t.Context(), "m", question("hello"))
		require.ErrorIs(t, err, model.ErrOverloaded)
		call, _ := errors.AsType[*model.CallError](err)
		require.True(t, call.Unpaid)
	})

	each(t, "needs a server and says so", func(v vendor) {
		t, kind := v.t, v.kind
		for _, url := range []string{"ftp://x", "nowhere", "http://"} {
			_, err := models.New(kind, options(kind, url))
			require.ErrorContains(t, err, "base_url")
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{models.Anthropic, models.OpenAI} {
		t.Run(kind+" sends the key of the moment", func(t *testing.T) {
			t.Parallel()
			server := modeltest.Start()
			t.Cleanup(server.Close)
			o := options(kind, server.URL(kind))
			key := "first"
			o.Key = func() (string, error) { return key, nil }
			p, err := models.New(kind, o)
			require.NoError(t, err)
			for _, key = range []string{"first", "second"} {
				_, err := p.Complete(t.Context(), "m", question("hello"))
				require.NoError(t, err)
			}
			header := func(i int) string {
				h := server.Calls()[i].Header
				return h.Get("X-Api-Key") + strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
			}
			require.Equal(t, []string{"first", "second"}, []string{header(0), header(1)})
		})
		t.Run(kind+" makes no call without its key", func(t *testing.T) {
			t.Parallel()
			server := modeltest.Start()
			t.Cleanup(server.Close)
			o := options(kind, server.URL(kind))
			o.Key = func() (string, error) { return "", errors.New("api_key_file: gone") }
			p, err := models.New(kind, o)
			require.NoError(t, err)
			_, err = p.Complete(t.Context(), "m", question("hello"))
			require.ErrorIs(t, err, model.ErrRejected)
			require.ErrorContains(t, err, "api_key_file: gone")
			require.Empty(t, server.Calls())
		})
	}
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	p, server := start(t, models.OpenAI)
	r := model.Request{Kind: model.KindEmbed, Messages: []model.Message{{Role: model.RoleUser, Text: "ab"}, {Role: model.RoleUser, Text: "abc"}}}
	answer, err := p.Complete(t.Context(), "e", r)
	require.NoError(t, err)
	require.JSONEq(t, `[[2,97,32],[3,97,32]]`, answer.Text)
	require.True(t, answer.Metered)
	server.Script("e", modeltest.Step{Status: 429})
	_, err = p.Complete(t.Context(), "e", r)
	require.ErrorIs(t, err, model.ErrRateLimited)
	for _, kind := range []string{models.Anthropic, models.Bedrock} {
		p, _ := start(t, kind)
		_, err := p.Complete(t.Context(), "e", r)
		require.ErrorIs(t, err, model.ErrRejected)
	}
}
