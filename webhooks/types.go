package webhooks

import (
	"encoding/json"
	"slices"

	"github.com/aegisworld/aegis"
)

// The types of the messages.
const (
	TypeDriftDetected       = "aegis.drift.detected"
	TypeDriftCorrected      = "aegis.drift.corrected"
	TypeDriftAdopted        = "aegis.drift.adopted"
	TypeChangeSetPromoted   = "aegis.change_set.promoted"
	TypeChangeSetRolledBack = "aegis.change_set.rolled_back"
	TypeChangeSetDenied     = "aegis.change_set.denied"
	TypeIncidentOpened      = "aegis.incident.opened"
	TypeIncidentContained   = "aegis.incident.contained"
	TypeIncidentClosed      = "aegis.incident.closed"
	// TypeBreakerOpened and TypeBreakerClosed tell of breakers, such as that of an
	// attribute which somebody keeps changing back.
	TypeBreakerOpened = "aegis.breaker.opened"
	TypeBreakerClosed = "aegis.breaker.closed"
	// TypeWebhookDisabled tells the other webhooks of one that was disabled.
	TypeWebhookDisabled = "aegis.webhook.disabled"
	// TypeWebhookTest is sent on demand, to one webhook.
	TypeWebhookTest = "aegis.webhook.test"
)

const typePrefix = "aegis."

// Types are those that can be subscribed to.
func Types() []string {
	return []string{
		TypeDriftDetected, TypeDriftCorrected, TypeDriftAdopted, TypeBreakerOpened, TypeBreakerClosed, TypeChangeSetPromoted, TypeChangeSetRolledBack, TypeChangeSetDenied,
		TypeIncidentOpened, TypeIncidentContained, TypeIncidentClosed, TypeWebhookDisabled,
	}
}

// EventTypes are the types of events that become messages.
func EventTypes() []string {
	types := Types()
	for i, t := range types {
		types[i] = t[len(typePrefix):]
	}
	return types
}

// typeOf is the message type of an event; "" is none.
func typeOf(e aegis.Event) string {
	if t := typePrefix + e.Type; slices.Contains(Types(), t) {
		return t
	}
	return ""
}

// maxStacks bounds the messages that one event becomes.
const maxStacks = 200

// stacksOf are the stacks that an event is about, each once, or "" alone.
func stacksOf(e aegis.Event) []string {
	var about struct {
		StackID  string   `json:"stack_id"`
		StackIDs []string `json:"stack_ids"`
	}
	_ = json.Unmarshal(e.Data, &about) // what can't be read names no stack
	var out []string
	for _, id := range append([]string{about.StackID}, about.StackIDs...) {
		if id != "" && !slices.Contains(out, id) && len(out) < maxStacks {
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}
