package webhooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// defaultPatience bounds one attempt, from looking the name up to the
	// answer's first bytes.
	defaultPatience = 15 * time.Second
	// leaseMargin is how much longer a claimed delivery is nobody else's: an
	// attempt must end and be recorded.
	leaseMargin = 15 * time.Second
	// recordTimeout bounds recording, even at the process's end.
	recordTimeout = 5 * time.Second
	// maxExcerpt is how many bytes of an answer are read and kept.
	maxExcerpt = 1 << 10
	// maxFault is the longest error that is kept.
	maxFault = 300
)

// Endpoint is a webhook with what is secret of it, sealed.
type Endpoint struct {
	aegis.Webhook

	URLSealed    []byte
	SecretSealed []byte
	// OldSecretSealed signs too; nil is none, or none any more.
	OldSecretSealed []byte
}

// Claim is a delivery that this process may try now.
type Claim struct {
	Delivery aegis.WebhookDelivery
	Event    aegis.Event
	Endpoint Endpoint
	// Tries are those since it was queued, Queued is how long ago that was.
	Tries  int
	Queued time.Duration
	// Failing is how long the endpoint has failed; 0 is not at all.
	Failing time.Duration
}

// Outcome is what an attempt came to, and what follows.
type Outcome struct {
	DeliveryID string
	Attempt    aegis.DeliveryAttempt
	// State is pending when it is tried again after RetryIn.
	State   aegis.DeliveryState
	RetryIn time.Duration
	// PauseFor keeps all deliveries from the endpoint; 0 does not.
	PauseFor time.Duration
	// Disable is why the endpoint is to be disabled; "" is not.
	Disable string
}

// Terms are what a claim is made on.
type Terms struct {
	// Lease is how long the delivery is nobody else's.
	Lease time.Duration
	// MaxInFlight is how many may be under way to one endpoint; to one that failed
	// Doubtful times in a row, one.
	MaxInFlight, Doubtful int
}

type deliveryStore interface {
	// ClaimDelivery takes a delivery that is due. Without a claim, later is when
	// to come back; 0 is that there is nothing to do.
	ClaimDelivery(ctx context.Context, id string, terms Terms) (claim *Claim, later time.Duration, err error)
	// FinishDelivery records an attempt, and queues what may go now.
	FinishDelivery(ctx context.Context, o Outcome, terms Terms) error
}

type poster interface {
	Do(req *http.Request) (*http.Response, error)
}

type metrics interface {
	CountWebhookAttempt(outcome string)
}

// SenderConfig is what a Sender stands on.
type SenderConfig struct {
	Store deliveryStore
	// Client connects to what may be connected to, and follows no redirects.
	Client poster
	Sealer Sealer
	// Environment is part of the events' source, Version of the User-Agent.
	Environment, Version string
	// Patience bounds one attempt; 15 s when zero.
	Patience time.Duration
	Metrics  metrics
	Logger   *slog.Logger
}

// Sender posts deliveries. It is safe for concurrent use.
type Sender struct{ SenderConfig }

// NewSender returns a sender.
func NewSender(c SenderConfig) *Sender {
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	return &Sender{c}
}

// laterError says when to come back; the queue does not count it as a failure.
type laterError struct{ after time.Duration }

func (e *laterError) Error() string             { return "the delivery is not due" }
func (e *laterError) RetryAfter() time.Duration { return e.after }

// Deliver tries a delivery, unless it has ended, is under way, or must wait: for
// an earlier one of its stack, or for its endpoint. An error is machinery that
// broke; an endpoint that fails is none.
func (s *Sender) Deliver(ctx context.Context, id string) error {
	terms := Terms{Lease: s.Patience + leaseMargin, MaxInFlight: MaxInFlight, Doubtful: pauseFailures}
	claim, later, err := s.Store.ClaimDelivery(ctx, id, terms)
	if err != nil {
		return err
	}
	if claim == nil {
		if later > 0 {
			return &laterError{later + rand.N(later/4+time.Second)} //nolint:gosec // spreads, hides nothing
		}
		return nil
	}
	a, err := s.attempt(ctx, *claim)
	if err != nil {
		return fmt.Errorf("deliver %s: %w", id, err)
	}
	outcome := decide(*claim, a, rand.Float64()) //nolint:gosec // spreads, hides nothing
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := s.Store.FinishDelivery(record, outcome, terms); err != nil {
		return err
	}
	s.tell(ctx, *claim, outcome)
	return nil
}

func (s *Sender) tell(ctx context.Context, c Claim, o Outcome) {
	if s.Metrics != nil {
		outcome := "failed"
		if o.State == aegis.DeliveryDelivered {
			outcome = "delivered"
		}
		s.Metrics.CountWebhookAttempt(outcome)
	}
	if o.Disable != "" {
		s.Logger.WarnContext(ctx, "webhook disabled", "webhook_id", c.Endpoint.WebhookID, "url", c.Endpoint.URL, "reason", o.Disable)
	}
}

// answer is what came of one attempt; status 0 is no answer.
type answer struct {
	at         time.Time
	took       time.Duration
	status     int
	retryAfter time.Duration
	excerpt    string
	fault      string
}

// attempt posts once. An error says that nothing can be said of the endpoint.
func (s *Sender) attempt(ctx context.Context, c Claim) (answer, error) {
	bounded, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	at := time.Now()
	req, err := s.request(bounded, c, at)
	if err != nil {
		return answer{}, err
	}
	res, err := s.Client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		return answer{at: at, took: time.Since(at), fault: s.fault(err)}, nil
	}
	defer func() { _ = res.Body.Close() }() // the status said all
	a := answer{at: at, status: res.StatusCode, retryAfter: retryAfter(res.Header.Get("Retry-After"), at)}
	excerpt, _ := io.ReadAll(io.LimitReader(res.Body, maxExcerpt)) // what came of it
	a.took, a.excerpt = time.Since(at), clean(string(excerpt))
	switch {
	case a.status >= 300 && a.status <= 399:
		a.fault = fmt.Sprintf("it answered %d, and redirects are not followed; give the address that it redirects to", a.status)
	case a.status < 200 || a.status > 299:
		a.fault = fmt.Sprintf("it answered %d %s", a.status, http.StatusText(a.status))
	}
	return a, nil
}

// fault is a client's error without the URL, which may be a secret.
func (s *Sender) fault(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("it did not answer within %s", s.Patience)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return clip(clean(err.Error()), maxFault)
}

func (s *Sender) request(ctx context.Context, c Claim, at time.Time) (*http.Request, error) {
	id := c.Endpoint.WebhookID
	target, err := s.Sealer.open(c.Endpoint.URLSealed, id, sealedURL)
	if err != nil {
		return nil, err
	}
	var secrets []string
	for _, sealed := range [][]byte{c.Endpoint.SecretSealed, c.Endpoint.OldSecretSealed} {
		if sealed == nil {
			continue
		}
		secret, err := s.Sealer.open(sealed, id, sealedSecret)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	body, contentType, err := s.body(c)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the URL makes no request")
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "AegisWorld/"+s.Version)
	req.Header.Set("Accept-Encoding", "identity")
	return req, sign(req.Header, c.Delivery.DeliveryID, at, body, secrets)
}

func (s *Sender) body(c Claim) (body []byte, contentType string, err error) {
	switch c.Endpoint.Format {
	case aegis.WebhookSlack:
		body, err = newSlack(newCard(c.Delivery, c.Event))
	case aegis.WebhookTeams:
		body, err = newTeams(newCard(c.Delivery, c.Event))
	case aegis.WebhookCloudEvents:
		body, err = newCloudEvent(s.Environment, c.Delivery, c.Event)
		return body, contentTypeCloudEvent, err
	default:
		return nil, "", fmt.Errorf("webhook %s has the unknown format %q", c.Endpoint.WebhookID, c.Endpoint.Format)
	}
	return body, "application/json", err
}
