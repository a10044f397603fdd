package apitest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

func webhookID(w aegis.Webhook) string { return w.WebhookID }

func deliveryID(d aegis.WebhookDelivery) string { return d.DeliveryID }

// CreateWebhook stores one; its secret is "whsec_" and its id in base64, more
// or less. A URL of host refused.example is refused.
func (s *Store) CreateWebhook(_ context.Context, w aegis.Webhook) (aegis.Webhook, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Contains(w.URL, "refused.example") {
		return aegis.Webhook{}, "", aegis.Invalid("url", "refused.example resolves to 10.0.0.5, a private address: destination refused; use a public address, or name it in egress.allow of the configuration")
	}
	if w.Format == "" {
		w.Format = aegis.WebhookCloudEvents
	}
	w.State = aegis.WebhookEnabled
	s.webhooks = append(s.webhooks, w)
	return w, "whsec_c2VjcmV0LW9mLWEtdGVzdA==", s.fault
}

// RotateWebhook makes another secret.
func (s *Store) RotateWebhook(_ context.Context, id string, overlap time.Duration) (aegis.Webhook, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := find(s.webhooks, "webhook", id, webhookID)
	if err != nil {
		return w, "", err
	}
	until := s.Now().Add(overlap)
	w.OldSecretUntil = &until
	s.webhooks = put(s.webhooks, w, webhookID)
	return w, "whsec_bmV3LXNlY3JldC1vZi1hLXRlc3Q=", s.fault
}

// Webhook reads one.
func (s *Store) Webhook(_ context.Context, id string) (aegis.Webhook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.webhooks, "webhook", id, webhookID)
}

// Webhooks lists them.
func (s *Store) Webhooks(_ context.Context, p aegis.Page) ([]aegis.Webhook, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(s.webhooks, p)
}

// PutWebhook stores one as it is.
func (s *Store) PutWebhook(w aegis.Webhook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhooks = put(s.webhooks, w, webhookID)
}

// EnableWebhook enables one.
func (s *Store) EnableWebhook(_ context.Context, id string) (aegis.Webhook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := find(s.webhooks, "webhook", id, webhookID)
	if err != nil {
		return w, err
	}
	w.State, w.DisabledReason, w.DisabledAt = aegis.WebhookEnabled, "", nil
	s.webhooks = put(s.webhooks, w, webhookID)
	return w, s.fault
}

// DeleteWebhook forgets one.
func (s *Store) DeleteWebhook(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := find(s.webhooks, "webhook", id, webhookID); err != nil {
		return err
	}
	s.webhooks = slices.DeleteFunc(s.webhooks, func(w aegis.Webhook) bool { return w.WebhookID == id })
	return s.fault
}

// PutDelivery stores one as it is.
func (s *Store) PutDelivery(d aegis.WebhookDelivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = put(s.deliveries, d, deliveryID)
}

// WebhookDelivery reads one.
func (s *Store) WebhookDelivery(_ context.Context, _, id string) (aegis.WebhookDelivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.deliveries, "delivery", id, deliveryID)
}

// WebhookDeliveries lists a webhook's.
func (s *Store) WebhookDeliveries(
	_ context.Context, id string, state aegis.DeliveryState, p aegis.Page,
) ([]aegis.WebhookDelivery, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := find(s.webhooks, "webhook", id, webhookID); err != nil {
		return nil, "", err
	}
	return page(slices.DeleteFunc(slices.Clone(s.deliveries), func(d aegis.WebhookDelivery) bool {
		return d.WebhookID != id || state != "" && d.State != state
	}), p)
}

// Redeliver says that it is pending.
func (s *Store) Redeliver(_ context.Context, _, id string) (aegis.WebhookDelivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := find(s.deliveries, "delivery", id, deliveryID)
	if err != nil {
		return d, err
	}
	d.State = aegis.DeliveryPending
	s.deliveries = put(s.deliveries, d, deliveryID)
	return d, s.fault
}

// TestWebhook stores a delivery that was answered 204 at once.
func (s *Store) TestWebhook(_ context.Context, id, delivery, _ string) (aegis.WebhookDelivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := find(s.webhooks, "webhook", id, webhookID); err != nil {
		return aegis.WebhookDelivery{}, err
	}
	now := s.Now()
	d := aegis.WebhookDelivery{
		DeliveryID: delivery, WebhookID: id, EventType: "aegis.webhook.test", State: aegis.DeliveryDelivered, Attempts: 1, CreatedAt: now,
		EndedAt: &now, Log: []aegis.DeliveryAttempt{{Attempt: 1, At: now, Status: 204, LatencyMS: 3}},
	}
	s.deliveries = append(s.deliveries, d)
	return d, s.fault
}
