package webhooks

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// maxOverlap is the longest that an old secret signs beside the new one.
const maxOverlap = 7 * 24 * time.Hour

type guard interface {
	// Check says whether a URL's host may be connected to.
	Check(ctx context.Context, u *url.URL) error
	// Named says whether the configuration names a host.
	Named(host string) bool
}

type endpointStore interface {
	// CreateWebhook stores one; the same id again, as after a crash, replaces it.
	CreateWebhook(ctx context.Context, e Endpoint) error
	Webhook(ctx context.Context, id string) (aegis.Webhook, error)
	// RotateWebhook makes a secret the one that signs; the one before signs too
	// for as long as overlap.
	RotateWebhook(ctx context.Context, id string, secretSealed []byte, overlap time.Duration) (aegis.Webhook, error)
}

// Registry makes webhooks and their secrets.
type Registry struct {
	Store  endpointStore
	Guard  guard
	Sealer Sealer
}

// CreateWebhook checks and stores a webhook, whose URL is given whole, and
// returns it as people may see it, with its secret, this once.
func (r *Registry) CreateWebhook(ctx context.Context, w aegis.Webhook) (aegis.Webhook, string, error) {
	if w.Format == "" {
		w.Format = aegis.WebhookCloudEvents
	}
	target, err := r.check(ctx, w)
	if err != nil {
		return aegis.Webhook{}, "", err
	}
	secret, raw := newSecret(), w.URL
	w.URL, w.State = shown(target, w.Format), aegis.WebhookEnabled
	err = r.Store.CreateWebhook(ctx, Endpoint{
		Webhook:      w,
		URLSealed:    r.Sealer.seal(raw, w.WebhookID, sealedURL),
		SecretSealed: r.Sealer.seal(secret, w.WebhookID, sealedSecret),
	})
	if err != nil {
		return aegis.Webhook{}, "", err
	}
	w, err = r.Store.Webhook(ctx, w.WebhookID)
	return w, secret, err
}

func (r *Registry) check(ctx context.Context, w aegis.Webhook) (*url.URL, error) {
	var faults aegis.InvalidError
	if !slices.Contains([]aegis.WebhookFormat{aegis.WebhookCloudEvents, aegis.WebhookSlack, aegis.WebhookTeams}, w.Format) {
		faults.Add("format", "it is none of cloudevents, slack, teams")
	}
	if clean(w.Description) != w.Description || len(w.Description) > 200 {
		faults.Add("description", "use at most 200 printable characters")
	}
	checkFilters(&faults, w)
	target, err := checkURL(w.URL, r.Guard.Named)
	if err == nil {
		err = checkReach(ctx, r.Guard, target)
	}
	if fault, ok := err.(*aegis.InvalidError); ok { //nolint:errorlint // it is made here, and nothing else wraps one
		faults.Faults = append(faults.Faults, fault.Faults...)
	} else if err != nil {
		return nil, err
	}
	return target, faults.OrNil()
}

// RotateWebhook makes a new secret and returns it, this once. The old one signs
// too for as long as overlap, 0 to 7 days.
func (r *Registry) RotateWebhook(ctx context.Context, id string, overlap time.Duration) (aegis.Webhook, string, error) {
	if overlap < 0 || overlap > maxOverlap {
		return aegis.Webhook{}, "", aegis.Invalid("overlap_seconds", "give 0 to 604800, which is 7 days")
	}
	secret := newSecret()
	w, err := r.Store.RotateWebhook(ctx, id, r.Sealer.seal(secret, id, sealedSecret), overlap)
	if err != nil {
		return aegis.Webhook{}, "", err
	}
	return w, secret, nil
}
