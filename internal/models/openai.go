package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/aegisworld/aegis/agent/model"
)

const openAIURL = "https://api.openai.com/v1"

type openAIProvider struct {
	Options
	chat       openai.ChatCompletionService
	embeddings openai.EmbeddingService
	// local says that the server is not OpenAI's own.
	local bool
}

// NewOpenAI returns a provider that speaks OpenAI's chat completions, at OpenAI
// or at a server of one's own; BaseURL then ends in /v1, as a rule.
func NewOpenAI(o Options) (model.Provider, error) {
	server, err := o.base(openAIURL)
	if err != nil {
		return nil, err
	}
	web, err := client(server)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", o.Name, err)
	}
	// The services alone don't look into the environment, which the SDK's client does.
	options := []option.RequestOption{option.WithHTTPClient(web), option.WithBaseURL(server.String()), option.WithMaxRetries(0)}
	return &openAIProvider{
		Options: o, local: !official(server),
		chat: openai.NewChatCompletionService(options...), embeddings: openai.NewEmbeddingService(options...),
	}, nil
}

func official(server *url.URL) bool { return server.Hostname() == "api.openai.com" }

// Name is the configuration's.
func (p *openAIProvider) Name() string { return p.Options.Name }

// System is the vendor whose protocol it is.
func (p *openAIProvider) System() string { return "openai" }

// Complete streams a chat completion, or makes embeddings.
func (p *openAIProvider) Complete(ctx context.Context, id string, r model.Request) (model.Answer, error) {
	key, err := p.key()
	if err != nil {
		return model.Answer{}, err
	}
	var options []option.RequestOption
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	if r.Kind == model.KindEmbed {
		return p.embed(ctx, id, r, key, options)
	}
	stream := p.chat.NewStreaming(ctx, p.params(id, r), options...)
	defer func() { _ = stream.Close() }()
	var a openAIDraft
	for stream.Next() {
		if err := a.take(stream.Current()); err != nil {
			return a.partly(), err
		}
	}
	if err := stream.Err(); err != nil {
		return a.partly(), openAIFault(err, a.began, key)
	}
	return a.finish(a.ending())
}

func (p *openAIProvider) params(id string, r model.Request) openai.ChatCompletionNewParams {
	schema, structured := toolSchema(r)
	params := openai.ChatCompletionNewParams{
		Model: id, MaxCompletionTokens: openai.Int(int64(r.MaxTokens)),
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	if p.local {
		params.MaxTokens = openai.Int(int64(r.MaxTokens)) // some know the old name only
	}
	if text := system(r, structured); text != "" {
		params.Messages = append(params.Messages, openai.SystemMessage(text))
	}
	for _, m := range r.Messages {
		if m.Role == model.RoleAssistant {
			params.Messages = append(params.Messages, openai.AssistantMessage(m.Text))
		} else {
			params.Messages = append(params.Messages, openai.UserMessage(m.Text))
		}
	}
	if structured {
		params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{
			JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{Name: answerTool, Schema: schema},
		}
	}
	return params
}

// openAIDraft takes the chunks of a stream.
type openAIDraft struct {
	draft
	began   bool
	refusal bool
}

func (a *openAIDraft) take(c openai.ChatCompletionChunk) error {
	a.began = true
	if c.Model != "" {
		a.answer.Model = c.Model
	}
	if c.JSON.Usage.Valid() {
		a.meter(c.Usage.PromptTokens, c.Usage.CompletionTokens)
	}
	for _, choice := range c.Choices {
		if choice.Index != 0 {
			continue
		}
		if choice.FinishReason != "" {
			a.stop, a.ended = choice.FinishReason, true
		}
		if choice.Delta.Refusal != "" {
			a.refusal = true
		}
		for _, tool := range choice.Delta.ToolCalls {
			if name := tool.Function.Name; name != "" {
				return a.call(name) // none was offered
			}
		}
		if err := a.say(choice.Delta.Content + choice.Delta.Refusal); err != nil {
			return err
		}
	}
	return nil
}

func (a *openAIDraft) ending() ending {
	switch {
	case a.refusal || a.stop == "content_filter":
		return endRefused
	case a.stop == "stop":
		return endWell
	case a.stop == "length":
		return endTooLong
	default:
		return endUnknown
	}
}

func openAIFault(err error, began bool, key string) error {
	if api, ok := errors.AsType[*openai.Error](err); ok && api.Response != nil {
		message := api.Message
		if message == "" {
			message = messageIn(api.RawJSON())
		}
		return refused{status: api.StatusCode, header: api.Response.Header, code: api.Code, message: message, key: key}.fault()
	}
	if event, ok := errors.AsType[*ssestream.StreamError](err); ok {
		return &model.CallError{Kind: model.ErrTruncated, Detail: safe(event.Message, key)}
	}
	return broken(err, began, key)
}

// embed returns a vector for each message, as a JSON array of arrays.
func (p *openAIProvider) embed(ctx context.Context, id string, r model.Request, key string, options []option.RequestOption) (model.Answer, error) {
	texts := make([]string, len(r.Messages))
	for i, m := range r.Messages {
		texts[i] = m.Text
	}
	got, err := p.embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: id, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts}, EncodingFormat: openai.EmbeddingNewParamsEncodingFormatFloat,
	}, options...)
	if err != nil {
		return model.Answer{}, openAIFault(err, false, key)
	}
	answer := model.Answer{Model: got.Model, InputTokens: int(got.Usage.PromptTokens), Metered: got.JSON.Usage.Valid()}
	vectors := make([][]float64, len(texts))
	for _, e := range got.Data {
		if e.Index < 0 || e.Index >= int64(len(vectors)) {
			return answer, &model.CallError{Kind: model.ErrBadAnswer, Detail: "there is a vector of no text"}
		}
		vectors[e.Index] = e.Embedding
	}
	for _, v := range vectors {
		if len(v) == 0 {
			return answer, &model.CallError{Kind: model.ErrBadAnswer, Detail: "there is a text without a vector"}
		}
	}
	text, err := json.Marshal(vectors)
	if err != nil {
		return answer, &model.CallError{Kind: model.ErrBadAnswer, Detail: "its vectors are no numbers"}
	}
	answer.Text = string(text)
	return answer, nil
}
