package modeltest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// bedrock is ConverseStream of the Bedrock runtime.
type bedrock struct{}

type bedrockText struct {
	Text string `json:"text"`
}

type bedrockRequest struct {
	System   []bedrockText `json:"system"`
	Messages []struct {
		Role    string        `json:"role"`
		Content []bedrockText `json:"content"`
	} `json:"messages"`
	InferenceConfig struct {
		MaxTokens int `json:"maxTokens"`
	} `json:"inferenceConfig"`
	ToolConfig struct {
		Tools []struct {
			ToolSpec struct {
				Name        string `json:"name"`
				InputSchema struct {
					JSON json.RawMessage `json:"json"`
				} `json:"inputSchema"`
			} `json:"toolSpec"`
		} `json:"tools"`
	} `json:"toolConfig"`
}

func (bedrock) read(r *http.Request, body []byte) (Call, error) {
	var in bedrockRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return Call{}, err
	}
	authorization := r.Header.Get("Authorization")
	signed := strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 ") || strings.HasPrefix(authorization, "Bearer ")
	if !signed || len(in.Messages) == 0 || in.InferenceConfig.MaxTokens < 1 {
		return Call{}, errRequest
	}
	id, err := url.PathUnescape(r.PathValue("model"))
	if err != nil {
		return Call{}, err
	}
	c := Call{Protocol: "bedrock", Model: id, MaxTokens: in.InferenceConfig.MaxTokens}
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
	if tools := in.ToolConfig.Tools; len(tools) == 1 {
		c.Tool, c.Schema = tools[0].ToolSpec.Name, tools[0].ToolSpec.InputSchema.JSON
	}
	return c, nil
}

func (bedrock) refuse(w http.ResponseWriter, status int) {
	kind := map[int]string{
		400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException",
		500: "InternalServerException", 503: "ServiceUnavailableException",
	}[status]
	if kind == "" {
		kind = "ModelErrorException"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	_, _ = w.Write(marshal(map[string]any{"message": "scripted"}))
}

func (bedrock) begin(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.WriteHeader(http.StatusOK)
}

// bedrockFrame is one message of the event stream encoding.
func bedrockFrame(message, typeHeader, kind string, payload map[string]any) []byte {
	var m eventstream.Message
	m.Headers.Set(":message-type", eventstream.StringValue(message))
	m.Headers.Set(typeHeader, eventstream.StringValue(kind))
	m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
	m.Payload = marshal(payload)
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		panic(err) // of our own maps only
	}
	return b.Bytes()
}

func bedrockEvent(kind string, payload map[string]any) []byte {
	return bedrockFrame("event", ":event-type", kind, payload)
}

func (bedrock) fail() []byte {
	return bedrockFrame("exception", ":exception-type", "serviceUnavailableException", map[string]any{"message": "overloaded"})
}

func (bedrock) frames(c Call, s Step) [][]byte {
	frames := [][]byte{bedrockEvent("messageStart", map[string]any{"role": "assistant"})}
	stop := "end_turn"
	tool := (c.Tool != "" || s.Tool != "") && !s.Plain && !s.Refuse
	if tool {
		name := s.Tool
		if name == "" {
			name = c.Tool
		}
		stop = "tool_use"
		frames = append(frames, bedrockEvent("contentBlockStart", map[string]any{
			"contentBlockIndex": 0, "start": map[string]any{"toolUse": map[string]any{"toolUseId": "tool-1", "name": name}},
		}))
	}
	if s.Refuse {
		stop = "content_filtered"
	}
	if s.Stop == StopLength {
		stop = "max_tokens"
	}
	for _, part := range halves(s.text(c)) {
		delta := map[string]any{"text": part}
		if tool {
			delta = map[string]any{"toolUse": map[string]any{"input": part}}
		}
		frames = append(frames, bedrockEvent("contentBlockDelta", map[string]any{"contentBlockIndex": 0, "delta": delta}))
	}
	frames = append(frames,
		bedrockEvent("contentBlockStop", map[string]any{"contentBlockIndex": 0}),
		bedrockEvent("messageStop", map[string]any{"stopReason": stop}),
	)
	if !s.Unmetered {
		input, output := s.tokens()
		frames = append(frames, bedrockEvent("metadata", map[string]any{
			"usage":   map[string]any{"inputTokens": input, "outputTokens": output, "totalTokens": input + output},
			"metrics": map[string]any{"latencyMs": 1},
		}))
	}
	return frames
}
