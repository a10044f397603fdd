package webhooks

import (
	"encoding/json"
	"fmt"
	"strings"
)

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Emoji turns ":x:" into pictures.
	Emoji *bool `json:"emoji,omitempty"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Fields   []slackText `json:"fields,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

// slackFields is how many fields a section takes.
const slackFields = 10

// plain is text that Slack shows as it is: no mentions, no links, no markup.
func plain(s string) slackText { return slackText{Type: "plain_text", Text: s, Emoji: new(bool)} }

// newSlack is the body for an incoming webhook of Slack, see "Block Kit" in
// Slack's manual.
func newSlack(c card) ([]byte, error) {
	title := plain(c.title)
	blocks := []slackBlock{{Type: "header", Text: &title}}
	section := slackBlock{Type: "section"}
	for _, f := range c.facts[:min(len(c.facts), slackFields)] {
		section.Fields = append(section.Fields, plain(f.name+": "+f.value))
	}
	if len(section.Fields) > 0 {
		blocks = append(blocks, section)
	}
	if len(c.lines) > 0 {
		text := plain(clip(strings.Join(c.lines, "\n"), 2900))
		blocks = append(blocks, slackBlock{Type: "section", Text: &text})
	}
	// What notifications show; in it, these three characters begin markup.
	fallback := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(c.title)
	body, err := json.Marshal(struct {
		Text   string       `json:"text"`
		Mrkdwn bool         `json:"mrkdwn"`
		Blocks []slackBlock `json:"blocks"`
	}{fallback, false, blocks})
	if err != nil {
		return nil, fmt.Errorf("write a Slack message: %w", err)
	}
	return body, nil
}
