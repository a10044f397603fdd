package modeltest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// openAI is the chat completions API.
type openAI struct{}

func (openAI) read(r *http.Request, body []byte) (Call, error) {
	var in struct {
		Model     string                           `json:"model"`
		MaxTokens int                              `json:"max_completion_tokens"`
		Stream    bool                             `json:"stream"`
		Messages  []struct{ Role, Content string } `json:"messages"`
		Options   struct {
			IncludeUsage bool `json:"include_usage"`
		} `json:"stream_options"`
		Format struct {
			Type       string `json:"type"`
			JSONSchema struct {
				Name   string          `json:"name"`
				Schema json.RawMessage `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Call{}, err
	}
	if !in.Stream || !in.Options.IncludeUsage || in.MaxTokens < 1 || in.Model == "" || len(in.Messages) == 0 {
		return Call{}, errRequest
	}
	c := Call{Protocol: "openai", Model: in.Model, MaxTokens: in.MaxTokens, Header: r.Header}
	for _, m := range in.Messages {
		if m.Role == "system" {
			c.System += m.Content
			continue
		}
		c.Messages = append(c.Messages, Message{Role: m.Role, Text: m.Content})
	}
	if in.Format.Type == "json_schema" {
		c.Schema = in.Format.JSONSchema.Schema
	}
	return c, nil
}

func (openAI) refuse(w http.ResponseWriter, status int) {
	code := map[int]string{401: "invalid_api_key", 429: "rate_limit_exceeded"}[status]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(map[string]any{"error": map[string]any{"message": "scripted", "type": "scripted", "code": code, "param": nil}}))
}

func (openAI) begin(w http.ResponseWriter) { beginEvents(w) }

func (openAI) fail() []byte {
	return fmt.Appendf(nil, "data: %s\n\n", marshal(map[string]any{"error": map[string]any{"message": "overloaded", "type": "server_error"}}))
}

func (openAI) frames(c Call, s Step) [][]byte {
	chunk := func(delta map[string]any, finish any) []byte {
		return fmt.Appendf(nil, "data: %s\n\n", marshal(map[string]any{
			"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": c.Model + "-2026-01-01", "usage": nil,
			"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}},
		}))
	}
	finish := "stop"
	field := "content"
	switch {
	case s.Refuse:
		field = "refusal"
	case s.Stop == StopLength:
		finish = "length"
	case s.Tool != "":
		finish = "tool_calls"
	}
	frames := [][]byte{chunk(map[string]any{"role": "assistant", "content": ""}, nil)}
	for i, part := range halves(s.text(c)) {
		delta := map[string]any{field: part}
		if s.Tool != "" {
			function := map[string]any{"arguments": part}
			if i == 0 {
				function["name"] = s.Tool
			}
			delta = map[string]any{"tool_calls": []any{map[string]any{"index": 0, "id": "call_1", "type": "function", "function": function}}}
		}
		frames = append(frames, chunk(delta, nil))
	}
	frames = append(frames, chunk(map[string]any{}, finish))
	if !s.Unmetered {
		input, output := s.tokens()
		frames = append(frames, fmt.Appendf(nil, "data: %s\n\n", marshal(map[string]any{
			"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": c.Model + "-2026-01-01", "choices": []any{},
			"usage": map[string]any{"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
		})))
	}
	return append(frames, []byte("data: [DONE]\n\n"))
}

// embeddings answers with the step's vectors, or with some of three numbers: length,
// first byte, last byte.
func (s *Server) embeddings(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Model string   `json:"model"`
		Input []string `json:"input"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil || json.Unmarshal(body, &in) != nil || in.Model == "" || len(in.Input) == 0 {
		openAI{}.refuse(w, http.StatusBadRequest)
		return
	}
	c := Call{Protocol: "openai", Model: in.Model, Header: r.Header.Clone(), Gone: r.Context().Done()}
	for _, text := range in.Input {
		c.Messages = append(c.Messages, Message{Role: "user", Text: text})
	}
	step := s.next(c)
	if !step.admit(w, r, openAI{}) {
		return
	}
	vectors := ends(in.Input)
	if step.Vectors != nil {
		vectors = step.Vectors(in.Input)
	}
	data := make([]any, len(vectors))
	for i, v := range vectors {
		data[i] = map[string]any{"object": "embedding", "index": i, "embedding": v}
	}
	answer := map[string]any{"object": "list", "model": in.Model, "data": data}
	if !step.Unmetered {
		input, _ := step.tokens()
		answer["usage"] = map[string]any{"prompt_tokens": input, "total_tokens": input}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(marshal(answer))
}

func ends(texts []string) [][]float64 {
	vectors := make([][]float64, len(texts))
	for i, text := range texts {
		padded := strings.TrimSpace(text) + " "
		vectors[i] = []float64{float64(len(text)), float64(padded[0]), float64(padded[len(padded)-1])}
	}
	return vectors
}
