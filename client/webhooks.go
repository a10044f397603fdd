package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/aegisworld/aegis"
)

// WebhookRequest describes a webhook to make.
type WebhookRequest struct {
	URL         string              `json:"url"`
	Description string              `json:"description,omitempty"`
	Format      aegis.WebhookFormat `json:"format,omitempty"`
	EventTypes  []string            `json:"event_types,omitempty"`
	Stacks      []string            `json:"stacks,omitempty"`
}

// WebhookSecret is a webhook and, this once, its secret.
type WebhookSecret struct {
	aegis.Webhook

	Secret string `json:"secret"`
}

func webhookPath(id string) string { return "/v1/webhooks/" + url.PathEscape(id) }

// CreateWebhook has an endpoint told of events.
func (c *Client) CreateWebhook(ctx context.Context, w WebhookRequest) (WebhookSecret, error) {
	return post[WebhookSecret](ctx, c, "/v1/webhooks", w)
}

// Webhooks lists webhooks, newest first.
func (c *Client) Webhooks(ctx context.Context, page aegis.Page) (List[aegis.Webhook], error) {
	return get[List[aegis.Webhook]](ctx, c, "/v1/webhooks", pageQuery(page))
}

// Webhook reads a webhook.
func (c *Client) Webhook(ctx context.Context, id string) (aegis.Webhook, error) {
	return get[aegis.Webhook](ctx, c, webhookPath(id), nil)
}

// DeleteWebhook forgets a webhook and its deliveries.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, webhookPath(id), nil, nil, nil)
}

// RotateWebhook makes a new secret; the old one signs too for as long as
// overlap, in whole seconds.
func (c *Client) RotateWebhook(ctx context.Context, id string, overlap time.Duration) (WebhookSecret, error) {
	return post[WebhookSecret](ctx, c, webhookPath(id)+"/rotate", map[string]int{"overlap_seconds": int(overlap.Seconds())})
}

// EnableWebhook enables a disabled webhook for what happens from now on.
func (c *Client) EnableWebhook(ctx context.Context, id string) (aegis.Webhook, error) {
	return post[aegis.Webhook](ctx, c, webhookPath(id)+"/enable", nil)
}

// TestWebhook sends an event aegis.webhook.test.
func (c *Client) TestWebhook(ctx context.Context, id string) (aegis.WebhookDelivery, error) {
	return post[aegis.WebhookDelivery](ctx, c, webhookPath(id)+"/test", nil)
}

// Deliveries lists a webhook's deliveries, newest first; those in a state, if one
// is given.
func (c *Client) Deliveries(ctx context.Context, id string, state aegis.DeliveryState, page aegis.Page) (List[aegis.WebhookDelivery], error) {
	q := pageQuery(page)
	set(q, "state", string(state))
	return get[List[aegis.WebhookDelivery]](ctx, c, webhookPath(id)+"/deliveries", q)
}

// Delivery reads a delivery with its attempts.
func (c *Client) Delivery(ctx context.Context, webhookID, id string) (aegis.WebhookDelivery, error) {
	return get[aegis.WebhookDelivery](ctx, c, webhookPath(webhookID)+"/deliveries/"+url.PathEscape(id), nil)
}

// Redeliver sends a delivery again, under the same id.
func (c *Client) Redeliver(ctx context.Context, webhookID, id string) (aegis.WebhookDelivery, error) {
	return post[aegis.WebhookDelivery](ctx, c, webhookPath(webhookID)+"/deliveries/"+url.PathEscape(id)+"/redeliver", nil)
}
