package modeltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// anthropic is the Messages API.
type anthropic struct{}

func (anthropic) read(r *http.Request, body []byte) (Call, error) {
	var in struct {
		Model     string                      `json:"model"`
		MaxTokens int                         `json:"max_tokens"`
		Stream    bool                        `json:"stream"`
		System    []struct{ Text string }     `json:"system"`
		Messages  []anthropicMessage          `json:"messages"`
		Tools     []anthropicTool             `json:"tools"`
		Choice    struct{ Type, Name string } `json:"tool_choice"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Call{}, err
	}
	if r.Header.Get("Anthropic-Version") == "" || !in.Stream || in.MaxTokens < 1 || in.Model == "" || len(in.Messages) == 0 {
		return Call{}, errRequest
	}
	c := Call{Protocol: "anthropic", Model: in.Model, MaxTokens: in.MaxTokens}
	for _, s := range in.System {
		c.System += s.Text
	}
	for _, m := range in.Messages {
		var text strings.Builder
		for _, b := range m.Content {
			_, _ = text.WriteString(b.Text)
		}
		c.Messages = append(c.Messages, Message{Role: m.Role, Text: text.String()})
	}
	if len(in.Tools) == 1 && in.Choice.Type == "tool" && in.Choice.Name == in.Tools[0].Name {
		c.Tool, c.Schema = in.Tools[0].Name, in.Tools[0].InputSchema
	}
	return c, nil
}

type anthropicMessage struct {
	Role    string                        `json:"role"`
	Content []struct{ Type, Text string } `json:"content"`
}

type anthropicTool struct {
	Name        string          `json:"name"`
	InputSchema json.RawMessage `json:"input_schema"`
}

func (anthropic) refuse(w http.ResponseWriter, status int) {
	kind := map[int]string{401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}[status]
	if kind == "" {
		kind = "api_error"
	}
	if status == http.StatusBadRequest {
		kind = "invalid_request_error"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": "scripted"}}))
}

func (anthropic) begin(w http.ResponseWriter) { beginEvents(w) }

func beginEvents(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusOK)
}

func anthropicEvent(kind string, data map[string]any) []byte {
	data["type"] = kind
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", kind, marshal(data))
}

func (anthropic) fail() []byte {
	return anthropicEvent("error", map[string]any{"error": map[string]any{"type": "overloaded_error", "message": "Overloaded"}})
}

func (anthropic) frames(c Call, s Step) [][]byte {
	input, output := s.tokens()
	block, kind, field, stop := map[string]any{"type": "text", "text": ""}, "text_delta", "text", "end_turn"
	if (c.Tool != "" || s.Tool != "") && !s.Plain && !s.Refuse {
		name := s.Tool
		if name == "" {
			name = c.Tool
		}
		block = map[string]any{"type": "tool_use", "id": "toolu_1", "name": name, "input": map[string]any{}}
		kind, field, stop = "input_json_delta", "partial_json", "tool_use"
	}
	if s.Refuse {
		stop = "refusal"
	}
	if s.Stop == StopLength {
		stop = "max_tokens"
	}
	frames := [][]byte{
		anthropicEvent("message_start", map[string]any{"message": map[string]any{
			"id": "msg_1", "type": "message", "role": "assistant", "model": c.Model + "-20260101", "content": []any{},
			"stop_reason": nil, "stop_sequence": nil, "usage": map[string]any{"input_tokens": input, "output_tokens": 1},
		}}),
		anthropicEvent("ping", map[string]any{}),
		anthropicEvent("content_block_start", map[string]any{"index": 0, "content_block": block}),
	}
	for _, part := range halves(s.text(c)) {
		frames = append(frames, anthropicEvent("content_block_delta", map[string]any{"index": 0, "delta": map[string]any{"type": kind, field: part}}))
	}
	end := map[string]any{"delta": map[string]any{"stop_reason": stop, "stop_sequence": nil}}
	if !s.Unmetered {
		end["usage"] = map[string]any{"output_tokens": output}
	}
	return append(frames,
		anthropicEvent("content_block_stop", map[string]any{"index": 0}),
		anthropicEvent("message_delta", end),
		anthropicEvent("message_stop", map[string]any{}),
	)
}
