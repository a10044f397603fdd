package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/aegisworld/aegis/agent/model"
)

const anthropicURL = "https://api.anthropic.com"

type anthropicProvider struct {
	Options
	client anthropic.Client
}

// NewAnthropic returns a provider that speaks Anthropic's Messages API.
func NewAnthropic(o Options) (model.Provider, error) {
	server, err := o.base(anthropicURL)
	if err != nil {
		return nil, err
	}
	web, err := client(server)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", o.Name, err)
	}
	return &anthropicProvider{Options: o, client: anthropic.NewClient(
		option.WithoutEnvironmentDefaults(), option.WithoutOpenTelemetry(), option.WithHTTPClient(web), option.WithBaseURL(server.String()), option.WithMaxRetries(0),
	)}, nil
}

// Name is the configuration's.
func (p *anthropicProvider) Name() string { return p.Options.Name }

// System is the vendor.
func (p *anthropicProvider) System() string { return "anthropic" }

// Complete streams a message.
func (p *anthropicProvider) Complete(ctx context.Context, id string, r model.Request) (model.Answer, error) {
	key, err := p.key()
	if err != nil {
		return model.Answer{}, err
	}
	if r.Kind == model.KindEmbed {
		return model.Answer{}, noEmbedding()
	}
	stream := p.client.Messages.NewStreaming(ctx, anthropicParams(id, r), option.WithAPIKey(key))
	defer func() { _ = stream.Close() }()
	var a anthropicDraft
	for stream.Next() {
		if err := a.take(stream.Current()); err != nil {
			return a.partly(), err
		}
	}
	if err := stream.Err(); err != nil {
		return a.partly(), a.fault(err, key)
	}
	return a.finish(a.ending())
}

// noEmbedding is for APIs without vectors.
func noEmbedding() error {
	return &model.CallError{Kind: model.ErrRejected, Detail: "this provider makes no embeddings", Unpaid: true}
}

func anthropicParams(id string, r model.Request) anthropic.MessageNewParams {
	schema, tool := toolSchema(r)
	params := anthropic.MessageNewParams{Model: id, MaxTokens: int64(r.MaxTokens)}
	if text := system(r, tool); text != "" {
		params.System = []anthropic.TextBlockParam{{Text: text}}
	}
	for _, m := range r.Messages {
		block := anthropic.NewTextBlock(m.Text)
		if m.Role == model.RoleAssistant {
			params.Messages = append(params.Messages, anthropic.NewAssistantMessage(block))
		} else {
			params.Messages = append(params.Messages, anthropic.NewUserMessage(block))
		}
	}
	if tool {
		delete(schema, "type") // the SDK writes it
		input := anthropic.ToolInputSchemaParam{ExtraFields: schema}
		params.Tools = []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(input, answerTool)}
		params.ToolChoice = anthropic.ToolChoiceParamOfTool(answerTool)
	}
	return params
}

// anthropicDraft takes the events of a stream.
type anthropicDraft struct {
	draft
	began bool
	input int64
}

func (a *anthropicDraft) take(e anthropic.MessageStreamEventUnion) error {
	a.began = true
	switch e.Type {
	case "message_start":
		u := e.Message.Usage
		a.input = u.InputTokens + u.CacheCreationInputTokens + u.CacheReadInputTokens
		a.answer.Model = e.Message.Model
	case "content_block_start":
		if e.ContentBlock.Type == "tool_use" {
			return a.call(e.ContentBlock.Name)
		}
		return a.say(e.ContentBlock.Text)
	case "content_block_delta":
		if e.Delta.Type == "input_json_delta" {
			return a.fill(e.Delta.PartialJSON)
		}
		return a.say(e.Delta.Text)
	case "message_delta":
		a.stop = string(e.Delta.StopReason)
		if !e.JSON.Usage.Valid() {
			break
		}
		input := a.input
		if u := e.Usage; u.InputTokens > 0 {
			input = u.InputTokens + u.CacheCreationInputTokens + u.CacheReadInputTokens
		}
		a.meter(input, e.Usage.OutputTokens)
	case "message_stop":
		a.ended = true
	}
	return nil
}

func (a *anthropicDraft) ending() ending {
	switch anthropic.StopReason(a.stop) {
	case anthropic.StopReasonEndTurn, anthropic.StopReasonStopSequence, anthropic.StopReasonToolUse:
		return endWell
	case anthropic.StopReasonRefusal:
		return endRefused
	case anthropic.StopReasonMaxTokens, anthropic.StopReasonModelContextWindowExceeded:
		return endTooLong
	case anthropic.StopReasonPauseTurn: // of tools that run at the vendor's, of which none is offered
		return endUnknown
	default:
		return endUnknown
	}
}

// fault tells a refused request from a stream that broke. An error inside a
// stream has the status of the stream, 200.
func (a *anthropicDraft) fault(err error, key string) error {
	api, ok := errors.AsType[*anthropic.Error](err)
	if !ok {
		return broken(err, a.began, key)
	}
	kind := string(api.Type())
	if api.StatusCode >= 300 && api.Response != nil {
		return refused{status: api.StatusCode, header: api.Response.Header, code: kind, message: messageIn(api.RawJSON()), key: key}.fault()
	}
	e := &model.CallError{Kind: model.ErrTruncated, Detail: safe(kind+": "+messageIn(api.RawJSON()), key)}
	switch kind {
	case "overloaded_error":
		e.Kind = model.ErrOverloaded
	case "rate_limit_error":
		e.Kind = model.ErrRateLimited
	}
	return e
}
