package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

// defaultOverlap is how long an old secret signs beside the new one.
const defaultOverlap = 24 * time.Hour

func (s *server) webhookRoutes() {
	tags := []string{"webhooks"}
	handle(s, huma.Operation{
		OperationID: "create-webhook", Method: http.MethodPost, Path: "/v1/webhooks", Tags: tags,
		Summary: "Have an endpoint told of events; its secret is shown once", DefaultStatus: http.StatusCreated,
		Description: "Requests are signed by Standard Webhooks 1.0.0; bodies are CloudEvents 1.0 in JSON, or messages for Slack or Microsoft Teams.",
	}, s.createWebhook)
	handle(s, huma.Operation{
		OperationID: "list-webhooks", Method: http.MethodGet, Path: "/v1/webhooks", Tags: tags,
		Summary: "List webhooks, never their secrets",
	}, func(ctx context.Context, in *PageQuery) (*listOutput[aegis.Webhook], error) {
		return listOf(s.Webhooks.Webhooks(ctx, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-webhook", Method: http.MethodGet, Path: "/v1/webhooks/{webhook_id}", Tags: tags,
		Summary: "Read a webhook: its state, and why it was disabled",
	}, func(ctx context.Context, in *WebhookPath) (*itemOutput[aegis.Webhook], error) {
		return itemOf(s.Webhooks.Webhook(ctx, in.WebhookID))
	})
	handle(s, huma.Operation{
		OperationID: "delete-webhook", Method: http.MethodDelete, Path: "/v1/webhooks/{webhook_id}", Tags: tags,
		Summary: "Forget a webhook and its deliveries", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *WebhookPath) (*struct{}, error) {
		return nil, s.Webhooks.DeleteWebhook(ctx, in.WebhookID)
	})
	handle(s, huma.Operation{
		OperationID: "rotate-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{webhook_id}/rotate", Tags: tags,
		Summary: "Make a new secret, shown once; the old one signs too for a while", DefaultStatus: http.StatusOK,
	}, s.rotateWebhook)
	handle(s, huma.Operation{
		OperationID: "enable-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{webhook_id}/enable", Tags: tags,
		Summary: "Enable a disabled webhook for what happens from now on", DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *webhookPost) (*itemOutput[aegis.Webhook], error) {
		return itemOf(s.Webhooks.EnableWebhook(ctx, in.WebhookID))
	})
	handle(s, huma.Operation{
		OperationID: "test-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{webhook_id}/test", Tags: tags,
		Summary: "Send an event aegis.webhook.test, once, also to a disabled webhook", DefaultStatus: http.StatusAccepted,
	}, s.testWebhook)
	s.deliveryRoutes(tags)
}

func (s *server) deliveryRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "list-deliveries", Method: http.MethodGet, Path: "/v1/webhooks/{webhook_id}/deliveries", Tags: tags,
		Summary: "List a webhook's deliveries with their attempts",
	}, func(ctx context.Context, in *deliveriesInput) (*listOutput[aegis.WebhookDelivery], error) {
		return listOf(s.Deliveries.WebhookDeliveries(ctx, in.WebhookID, in.State, in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-delivery", Method: http.MethodGet, Path: "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", Tags: tags,
		Summary: "Read a delivery with its attempts",
	}, func(ctx context.Context, in *DeliveryPath) (*itemOutput[aegis.WebhookDelivery], error) {
		return itemOf(s.Deliveries.WebhookDelivery(ctx, in.WebhookID, in.DeliveryID))
	})
	handle(s, huma.Operation{
		OperationID: "redeliver", Method: http.MethodPost, Path: "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", Tags: tags,
		Summary: "Send a delivery again, under the same id", DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, in *deliveryPost) (*createdOutput[aegis.WebhookDelivery], error) {
		return queuedDelivery(s.Deliveries.Redeliver(ctx, in.WebhookID, in.DeliveryID))
	})
}

// WebhookPath names a webhook.
type WebhookPath struct {
	WebhookID string `path:"webhook_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

type webhookPost struct {
	WebhookPath

	Body *nothing
}

// DeliveryPath names a delivery of a webhook.
type DeliveryPath struct {
	WebhookPath

	DeliveryID string `path:"delivery_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

type deliveryPost struct {
	DeliveryPath

	Body *nothing
}

type deliveriesInput struct {
	WebhookPath
	PageQuery

	State aegis.DeliveryState `query:"state" enum:"pending,delivered,failed,cancelled" doc:"Only those in this state"`
}

// WebhookRequest is the body of POST /v1/webhooks.
type WebhookRequest struct {
	URL         string              `json:"url" minLength:"1" maxLength:"2048" doc:"Where to POST; https://, or http:// to hosts that egress.allow names"`
	Description string              `json:"description,omitempty" maxLength:"200" doc:"Whose it is and what for"`
	Format      aegis.WebhookFormat `json:"format,omitempty" enum:"cloudevents,slack,teams" default:"cloudevents"`
	EventTypes  []string            `json:"event_types,omitempty" maxItems:"50" doc:"Types that are sent, such as aegis.drift.*; all when absent"`
	Stacks      []string            `json:"stacks,omitempty" maxItems:"50" doc:"Globs of the stacks whose events are sent, such as prod.*.eu-west-1; all when absent"`
}

// WebhookSecret is a webhook and, this once, its secret.
type WebhookSecret struct {
	aegis.Webhook

	Secret string `json:"secret" doc:"Of Standard Webhooks, whsec_…; shown once and kept encrypted"`
}

type createWebhookInput struct {
	Body WebhookRequest
}

func (s *server) createWebhook(ctx context.Context, in *createWebhookInput) (*createdOutput[WebhookSecret], error) {
	now := s.Now().UTC()
	w, secret, err := s.Registry.CreateWebhook(ctx, aegis.Webhook{
		WebhookID: newID(ctx, aegis.WebhookPrefix, now), Description: in.Body.Description, URL: in.Body.URL, Format: in.Body.Format,
		EventTypes: in.Body.EventTypes, Stacks: in.Body.Stacks, CreatedBy: principal(ctx).Name, CreatedAt: now,
	})
	if err != nil {
		return nil, err
	}
	return &createdOutput[WebhookSecret]{Location: "/v1/webhooks/" + w.WebhookID, Body: WebhookSecret{w, secret}}, nil
}

// RotateRequest is the body of POST /v1/webhooks/{webhook_id}/rotate.
type RotateRequest struct {
	OverlapSeconds *int `json:"overlap_seconds,omitempty" minimum:"0" maximum:"604800" doc:"How long the old secret signs too; 86400 when absent"`
}

type rotateWebhookInput struct {
	WebhookPath

	Body *RotateRequest
}

func (s *server) rotateWebhook(ctx context.Context, in *rotateWebhookInput) (*itemOutput[WebhookSecret], error) {
	overlap := defaultOverlap
	if in.Body != nil && in.Body.OverlapSeconds != nil {
		overlap = time.Duration(*in.Body.OverlapSeconds) * time.Second
	}
	w, secret, err := s.Registry.RotateWebhook(ctx, in.WebhookID, overlap)
	return itemOf(WebhookSecret{w, secret}, err)
}

func (s *server) testWebhook(ctx context.Context, in *webhookPost) (*createdOutput[aegis.WebhookDelivery], error) {
	id := newID(ctx, aegis.DeliveryPrefix, s.Now())
	return queuedDelivery(s.Deliveries.TestWebhook(ctx, in.WebhookID, id, principal(ctx).Name))
}

func queuedDelivery(d aegis.WebhookDelivery, err error) (*createdOutput[aegis.WebhookDelivery], error) {
	if err != nil {
		return nil, err
	}
	return &createdOutput[aegis.WebhookDelivery]{
		Location: "/v1/webhooks/" + d.WebhookID + "/deliveries/" + d.DeliveryID, Body: d,
	}, nil
}
