package webhooks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aegisworld/aegis"
)

// card is an event in words, for people. All of it is text that others wrote.
type card struct {
	title string
	facts []fact
	lines []string
}

type fact struct{ name, value string }

// What a chat message holds at most.
const (
	maxTitle = 140
	maxFact  = 300
	maxLines = 10
)

// newCard tells an event of a type.
func newCard(d aegis.WebhookDelivery, e aegis.Event) card {
	c := card{}
	switch d.EventType {
	case TypeDriftDetected, TypeDriftCorrected, TypeDriftAdopted:
		c.drift(d, e.Data)
	case TypeChangeSetPromoted, TypeChangeSetRolledBack, TypeChangeSetDenied:
		c.changeSet(d, e.Data)
	case TypeIncidentOpened, TypeIncidentContained, TypeIncidentClosed:
		c.incident(d, e.Data)
	default:
		c.other(d, e)
	}
	c.title = oneLine(c.title, maxTitle)
	for i, f := range c.facts {
		c.facts[i].value = oneLine(f.value, maxFact)
	}
	if more := len(c.lines) - maxLines; more > 0 {
		c.lines = append(c.lines[:maxLines:maxLines], fmt.Sprintf("and %d more", more))
	}
	for i, line := range c.lines {
		c.lines[i] = oneLine(line, maxFact)
	}
	return c
}

func (c *card) add(name, value string) {
	if value != "" {
		c.facts = append(c.facts, fact{name, value})
	}
}

// what is the type in words: "drift detected".
func what(kind string) string {
	return strings.NewReplacer(".", " ", "_", " ").Replace(strings.TrimPrefix(kind, typePrefix))
}

func heading(kind, rest string) string {
	words := what(kind)
	return strings.ToUpper(words[:1]) + words[1:] + rest
}

func (c *card) drift(d aegis.WebhookDelivery, data json.RawMessage) {
	var r aegis.DriftReport
	_ = json.Unmarshal(data, &r) // what can be read is told
	c.title = heading(d.EventType, " in "+cmp.Or(r.StackID, "no stack")+": "+string(r.Kind))
	c.add("Stack", r.StackID)
	c.add("Region", r.Region)
	if a := r.Cause.Actor; a != nil {
		c.add("Who", strings.TrimSuffix(a.Principal+" as "+a.Session, " as "))
		c.add("From", a.SourceIP)
	}
	c.add("Call", strings.TrimPrefix(r.Cause.EventSource+" "+r.Cause.EventName, " "))
	if r.Cause.At != nil {
		c.add("When", r.Cause.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	c.add("Cause", r.Cause.Kind)
	c.add("State", string(r.State))
	c.add("Change set", r.ChangeSetID)
	c.add("Report", r.DriftReportID)
	for _, change := range r.Changes {
		name := cmp.Or(change.Address, change.ResourceID)
		if change.Attribute != "" {
			name += " " + change.Attribute
		}
		decision := string(change.Decision)
		if change.Reason != "" {
			decision += ": " + change.Reason
		}
		c.lines = append(c.lines, fmt.Sprintf("%s: %s → %s (%s)", name, value(change.Before), value(change.After), decision))
	}
}

// value is an attribute's, in JSON.
func value(v any) string {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if v == nil || enc.Encode(v) != nil {
		return "none"
	}
	return clip(strings.TrimSpace(text.String()), 80)
}

func (c *card) changeSet(d aegis.WebhookDelivery, data json.RawMessage) {
	var cs struct {
		ChangeSetID string             `json:"change_set_id"`
		Source      aegis.Source       `json:"source"`
		Actor       string             `json:"actor"`
		Summary     string             `json:"summary"`
		StackIDs    []string           `json:"stack_ids"`
		Denials     []aegis.RuleResult `json:"denials"`
		Error       string             `json:"error"`
	}
	_ = json.Unmarshal(data, &cs) // what can be read is told
	c.title = heading(d.EventType, ": "+cs.Summary)
	c.add("Stacks", strings.Join(cs.StackIDs, ", "))
	c.add("Source", string(cs.Source))
	c.add("Actor", cs.Actor)
	c.add("Change set", cs.ChangeSetID)
	if len(cs.Denials) == 0 {
		c.add("Reason", cs.Error)
	}
	for _, denial := range cs.Denials {
		c.lines = append(c.lines, denial.String())
	}
}

// other tells the plain fields of what has no shape of its own here.
func (c *card) incident(d aegis.WebhookDelivery, data json.RawMessage) {
	var i aegis.SecurityIncident
	_ = json.Unmarshal(data, &i) // what can be read is told
	first := "no findings"
	if len(i.SignalSet) > 0 {
		first = i.SignalSet[0].Title
	}
	c.title = heading(d.EventType, ", "+string(i.Severity)+": "+first)
	c.add("Stack", d.StackID)
	c.add("May reach", strings.Join(i.BlastRadius.DependentStackIDs, ", "))
	c.add("Regions", strings.Join(i.BlastRadius.Regions, ", "))
	c.add("Verification", string(i.VerificationState))
	c.add("Incident", i.IncidentID)
	for _, f := range i.SignalSet {
		c.lines = append(c.lines, fmt.Sprintf("%s, %s: %s (%s)", f.Source, f.Severity, f.Title, strings.Join(f.Resources, ", ")))
	}
}

func (c *card) other(d aegis.WebhookDelivery, e aegis.Event) {
	c.title = heading(d.EventType, "")
	c.add("Stack", d.StackID)
	c.add("Id", e.ID)
	var fields map[string]any
	_ = json.Unmarshal(e.Data, &fields) // what can be read is told
	for _, name := range []string{"severity", "summary", "reason", "error", "url", "state"} {
		if text, ok := fields[name].(string); ok {
			c.add(strings.ToUpper(name[:1])+name[1:], text)
		}
	}
}

func oneLine(s string, n int) string {
	return clip(strings.Join(strings.Fields(clean(s)), " "), n)
}
