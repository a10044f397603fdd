package webhooks

import (
	"crypto/sha256"
	"fmt"

	"github.com/aegisworld/aegis"
)

// Subscriber is an enabled webhook; events up to AfterSeq happened before it
// was made.
type Subscriber struct {
	aegis.Webhook

	AfterSeq int64
}

// Entry is one event as one of its stacks sees it. It has the next ordinal of
// that stack, whoever is told of it.
type Entry struct {
	Seq     int64
	Type    string
	StackID string
	Targets []Target
}

// Target is a delivery to make.
type Target struct{ WebhookID, DeliveryID string }

// Plan says what becomes of events, in their order. An event of several stacks
// is sent once for each to programs, and once to people.
func Plan(events []aegis.Event, subscribers []Subscriber) []Entry {
	var out []Entry
	for _, e := range events {
		kind := typeOf(e)
		if kind == "" {
			continue
		}
		told := map[string]bool{}
		for _, stackID := range stacksOf(e) {
			entry := Entry{Seq: e.Seq, Type: kind, StackID: stackID}
			for _, s := range subscribers {
				if e.Seq <= s.AfterSeq || !wants(s.Webhook, kind, stackID) || told[s.WebhookID] || e.ID == s.WebhookID {
					continue
				}
				told[s.WebhookID] = s.Format != aegis.WebhookCloudEvents
				entry.Targets = append(entry.Targets, Target{s.WebhookID, deliveryID(e, s.WebhookID, stackID)})
			}
			out = append(out, entry)
		}
	}
	return out
}

// deliveryID is the same whoever makes it.
func deliveryID(e aegis.Event, webhookID, stackID string) string {
	seed := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s", webhookID, e.Seq, stackID))
	return aegis.DerivedID(aegis.DeliveryPrefix, e.At, seed)
}
