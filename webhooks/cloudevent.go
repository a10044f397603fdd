package webhooks

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// cloudEvent is an event in the JSON format of CloudEvents 1.0.2, with the
// attributes of its extension "sequence" and our own "stackid".
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Sequence        string          `json:"sequence,omitempty"`
	SequenceType    string          `json:"sequencetype,omitempty"`
	StackID         string          `json:"stackid,omitempty"`
	Data            json.RawMessage `json:"data"`
}

// contentTypeCloudEvent is that of one event in structured mode.
const contentTypeCloudEvent = "application/cloudevents+json; charset=utf-8"

// maxData is the largest data that is sent whole, in bytes: events of more than
// 64 KiB may be dropped on their way, says the specification.
const maxData = 60 << 10

// newCloudEvent is the body for programs.
func newCloudEvent(environment string, d aegis.WebhookDelivery, e aegis.Event) ([]byte, error) {
	c := cloudEvent{
		SpecVersion: "1.0", ID: fmt.Sprintf("evt-%d", e.Seq), Source: source(environment, d.StackID), Type: d.EventType,
		Subject: e.ID, Time: e.At.UTC(), DataContentType: "application/json", StackID: d.StackID, Data: bounded(e.Data),
	}
	if d.Sequence > 0 {
		// Padded, as sequences must sort as strings do.
		c.Sequence, c.SequenceType = fmt.Sprintf("%010d", d.Sequence), "Integer"
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write event %d as a CloudEvent: %w", e.Seq, err)
	}
	return body, nil
}

// source is who the event comes from: each stack is a source of its own, so that
// its sequence is one.
func source(environment, stackID string) string {
	out := "urn:aegis:" + url.PathEscape(environment)
	if stackID != "" {
		out += ":stack:" + url.PathEscape(stackID)
	}
	return out
}

// bounded is the data, or what is short of an object that is too large.
func bounded(data json.RawMessage) json.RawMessage {
	if len(data) == 0 || !json.Valid(data) {
		return json.RawMessage("{}")
	}
	if len(data) <= maxData {
		return data
	}
	var whole map[string]json.RawMessage
	kept := map[string]json.RawMessage{"truncated": json.RawMessage("true")}
	if json.Unmarshal(data, &whole) == nil {
		size := 0
		for _, name := range slices.Sorted(maps.Keys(whole)) {
			value := whole[name]
			if len(value) <= 1<<10 && len(name) <= 1<<10 && value[0] != '[' && size < maxData/2 {
				kept[name] = value
				size += len(name) + len(value)
			}
		}
	}
	short, err := json.Marshal(kept)
	if err != nil {
		return json.RawMessage(`{"truncated":true}`)
	}
	return short
}
