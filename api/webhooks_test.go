package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api"
	"github.com/aegisworld/aegis/api/apitest"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	ask := func(route, body string) answer {
		return request{route: route, token: srv.Token, body: body}.do(t, srv.URL)
	}

	made := ask("POST /v1/webhooks", `{"url":"https://hooks.example/x","event_types":["aegis.drift.*"],"stacks":["prod.*"],"description":"on call"}`)
	require.Equal(t, http.StatusCreated, made.status, made.body)
	var w api.WebhookSecret
	made.into(t, &w)
	require.True(t, strings.HasPrefix(w.Secret, "whsec_"))
	require.Equal(t, "/v1/webhooks/"+w.WebhookID, made.header.Get("Location"))
	require.Equal(t, "admin", w.CreatedBy)
	require.Equal(t, aegis.WebhookCloudEvents, w.Format)

	one, list := ask("GET "+made.header.Get("Location"), ""), ask("GET /v1/webhooks", "")
	require.Contains(t, one.body, `"event_types":["aegis.drift.*"]`)
	require.NotContains(t, one.body+list.body, "whsec_", "a secret is shown once")

	path := "/v1/webhooks/" + w.WebhookID
	rotated := ask("POST "+path+"/rotate", `{"overlap_seconds":60}`)
	require.Contains(t, rotated.body, "whsec_")
	require.Contains(t, ask("POST "+path+"/rotate", "").body, "whsec_")
	ask("POST "+path+"/rotate", `{"overlap_seconds":604801}`).problem(t, http.StatusUnprocessableEntity, "invalid")

	now := time.Now()
	store.PutWebhook(aegis.Webhook{WebhookID: "wh-gone", State: aegis.WebhookDisabled, DisabledReason: "it answered 410 Gone", DisabledAt: &now})
	require.Contains(t, ask("GET /v1/webhooks/wh-gone", "").body, "it answered 410 Gone")
	require.Contains(t, ask("POST /v1/webhooks/wh-gone/enable", "").body, `"state":"enabled"`)

	test := ask("POST "+path+"/test", "")
	require.Equal(t, http.StatusAccepted, test.status)
	var d aegis.WebhookDelivery
	ask("GET "+test.header.Get("Location"), "").into(t, &d)
	require.Equal(t, "aegis.webhook.test", d.EventType)
	store.PutDelivery(aegis.WebhookDelivery{DeliveryID: "dlv-failed", WebhookID: w.WebhookID, State: aegis.DeliveryFailed})
	var deliveries api.List[aegis.WebhookDelivery]
	ask("GET "+path+"/deliveries?state=failed", "").into(t, &deliveries)
	require.Len(t, deliveries.Items, 1)
	require.Contains(t, ask("GET "+path+"/deliveries", "").body, `"log":[]`)
	again := ask("POST "+path+"/deliveries/dlv-failed/redeliver", "")
	require.Equal(t, http.StatusAccepted, again.status)
	require.Contains(t, again.body, `"state":"pending"`)

	require.Equal(t, http.StatusNoContent, ask("DELETE "+path, "").status)
	for _, route := range []string{"GET " + path, "DELETE " + path, "POST " + path + "/rotate", "POST " + path + "/test", "GET " + path + "/deliveries"} {
		ask(route, "").problem(t, http.StatusNotFound, "not_found")
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	t.Parallel()
	srv := apitest.Serve(t, apitest.NewStore())
	for body, field := range map[string]string{
		`{"url":"https://refused.example"}`:  "url",
		`{}`:                                 "",
		`{"url":""}`:                         "url",
		`{"url":"https://x","format":"xml"}`: "format",
		`{"url":"https://x","secret":"whsec_mine"}`:             "secret",
		`{"url":"https://x","description":"` + long(201) + `"}`: "description",
	} {
		got := request{route: "POST /v1/webhooks", token: srv.Token, body: body}.do(t, srv.URL)
		p := got.problem(t, http.StatusUnprocessableEntity, "invalid")
		require.Contains(t, got.body, field)
		require.NotEmpty(t, p.Errors, body)
	}
}

func TestSecretsOfWebhooksAreNotReplayed(t *testing.T) {
	t.Parallel()
	store := apitest.NewStore()
	srv := apitest.Serve(t, store)
	ask := func(route string) answer {
		return request{
			route: route, token: srv.Token, body: map[bool]string{true: `{"url":"https://hooks.example"}`}[route == "POST /v1/webhooks"],
			header: map[string]string{"Idempotency-Key": "key-" + route[len("POST /v1/"):]},
		}.do(t, srv.URL)
	}
	made := ask("POST /v1/webhooks")
	require.Equal(t, http.StatusCreated, made.status, made.body)
	for _, route := range []string{"POST /v1/webhooks", "POST " + made.header.Get("Location") + "/rotate"} {
		require.Less(t, ask(route).status, 500)
		again := ask(route)
		again.problem(t, http.StatusConflict, "conflict")
		require.NotContains(t, again.body, "whsec_")
	}
}

func FuzzCreateWebhook(f *testing.F) {
	store := apitest.NewStore()
	handler, token := api.New(store.Config()), store.Grant(f, aegis.RoleOperator)
	for _, seed := range []string{
		`{"url":"https://x"}`, `{"url":"https://refused.example"}`, `{"url":null}`, `{"url":"x","stacks":[""]}`, `{"url":"\u0000"}`, `[]`,
		`{"url":"https://x","event_types":{"a":1}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		requireOrderly(t, send(t, handler, token, http.MethodPost, "/v1/webhooks", body), http.StatusCreated)
	})
}
