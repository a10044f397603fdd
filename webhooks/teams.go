package webhooks

import (
	"encoding/json"
	"fmt"
)

type teamsRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
}

type teamsBlock struct {
	Type    string     `json:"type"`
	Inlines []teamsRun `json:"inlines"`
	Spacing string     `json:"spacing,omitempty"`
}

type teamsCard struct {
	Schema  string         `json:"$schema"`
	Type    string         `json:"type"`
	Version string         `json:"version"`
	Body    []teamsBlock   `json:"body"`
	Teams   map[string]any `json:"msteams"`
}

type teamsAttachment struct {
	ContentType string    `json:"contentType"`
	ContentURL  *string   `json:"contentUrl"`
	Content     teamsCard `json:"content"`
}

// newTeams is the body for a Microsoft Teams workflow, "when a Teams webhook
// request is received": a message with one Adaptive Card. Rich text blocks show
// text as it is, where text blocks would take it for Markdown.
func newTeams(c card) ([]byte, error) {
	blocks := []teamsBlock{{Type: "RichTextBlock", Inlines: []teamsRun{{Type: "TextRun", Text: c.title, Weight: "Bolder", Size: "Medium"}}}}
	for _, f := range c.facts {
		blocks = append(blocks, teamsBlock{Type: "RichTextBlock", Spacing: "Small", Inlines: []teamsRun{
			{Type: "TextRun", Text: f.name + ": ", Weight: "Bolder"}, {Type: "TextRun", Text: f.value},
		}})
	}
	for _, line := range c.lines {
		blocks = append(blocks, teamsBlock{Type: "RichTextBlock", Spacing: "Small", Inlines: []teamsRun{{Type: "TextRun", Text: line}}})
	}
	body, err := json.Marshal(struct {
		Type        string            `json:"type"`
		Attachments []teamsAttachment `json:"attachments"`
	}{"message", []teamsAttachment{{
		ContentType: "application/vnd.microsoft.card.adaptive",
		Content: teamsCard{
			Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
			Body: blocks, Teams: map[string]any{"width": "Full"},
		},
	}}})
	if err != nil {
		return nil, fmt.Errorf("write a Teams message: %w", err)
	}
	return body, nil
}
