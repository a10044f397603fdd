package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth/bearer"

	"github.com/aegisworld/aegis/agent/model"
)

type bedrockProvider struct {
	Options
	client *bedrockruntime.Client
}

// NewBedrock returns a provider that speaks Amazon Bedrock's ConverseStream. It
// signs with Credentials, or sends a Bedrock API key.
func NewBedrock(o Options) (model.Provider, error) {
	if o.Region == "" {
		return nil, fmt.Errorf("provider %s: region is missing", o.Name)
	}
	server, err := o.base("https://bedrock-runtime." + o.Region + ".amazonaws.com")
	if err != nil {
		return nil, err
	}
	web, err := client(server)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", o.Name, err)
	}
	options := bedrockruntime.Options{
		Region: o.Region, HTTPClient: web, BaseEndpoint: aws.String(server.String()), Retryer: aws.NopRetryer{},
	}
	switch {
	case o.Key != nil:
		options.BearerAuthTokenProvider = bearer.TokenProviderFunc(func(context.Context) (bearer.Token, error) {
			key, err := o.key()
			return bearer.Token{Value: key}, err
		})
		options.AuthSchemePreference = []string{"httpBearerAuth"}
	case o.Credentials != nil:
		options.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			c, err := o.Credentials(ctx)
			return aws.Credentials{
				AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, CanExpire: true, Expires: c.Expires,
			}, err
		})
	default:
		return nil, fmt.Errorf("provider %s: it has neither an API key nor AWS credentials", o.Name)
	}
	return &bedrockProvider{Options: o, client: bedrockruntime.New(options)}, nil
}

// Name is the configuration's.
func (p *bedrockProvider) Name() string { return p.Options.Name }

// System is the vendor.
func (p *bedrockProvider) System() string { return "aws.bedrock" }

// Complete streams a conversation's next message.
func (p *bedrockProvider) Complete(ctx context.Context, id string, r model.Request) (model.Answer, error) {
	if r.Kind == model.KindEmbed {
		return model.Answer{}, noEmbedding()
	}
	output, err := p.client.ConverseStream(ctx, bedrockInput(id, r))
	if err != nil {
		return model.Answer{}, bedrockFault(err)
	}
	stream := output.GetStream()
	defer func() { _ = stream.Close() }()
	var a bedrockDraft
	for event := range stream.Events() {
		if err := a.take(event); err != nil {
			return a.partly(), err
		}
	}
	if err := ctx.Err(); err != nil {
		return a.partly(), err
	}
	if err := stream.Err(); err != nil {
		return a.partly(), streamFault(err)
	}
	return a.finish(a.ending())
}

func bedrockInput(id string, r model.Request) *bedrockruntime.ConverseStreamInput {
	schema, tool := toolSchema(r)
	input := &bedrockruntime.ConverseStreamInput{
		ModelId:         aws.String(id),
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(int32(min(r.MaxTokens, 1<<30)))}, //nolint:gosec // bounded
	}
	if text := system(r, tool); text != "" {
		input.System = []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: text}}
	}
	for _, m := range r.Messages {
		role := types.ConversationRoleUser
		if m.Role == model.RoleAssistant {
			role = types.ConversationRoleAssistant
		}
		input.Messages = append(input.Messages, types.Message{Role: role, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: m.Text}}})
	}
	if tool {
		input.ToolConfig = &types.ToolConfiguration{
			Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
				Name: aws.String(answerTool), InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)},
			}}},
			ToolChoice: &types.ToolChoiceMemberAny{},
		}
	}
	return input
}

// bedrockDraft takes the events of a stream. Its metering comes after its end.
type bedrockDraft struct{ draft }

func (a *bedrockDraft) take(event types.ConverseStreamOutput) error {
	switch e := event.(type) {
	case *types.ConverseStreamOutputMemberContentBlockStart:
		if tool, ok := e.Value.Start.(*types.ContentBlockStartMemberToolUse); ok {
			return a.call(aws.ToString(tool.Value.Name))
		}
	case *types.ConverseStreamOutputMemberContentBlockDelta:
		switch delta := e.Value.Delta.(type) {
		case *types.ContentBlockDeltaMemberText:
			return a.say(delta.Value)
		case *types.ContentBlockDeltaMemberToolUse:
			return a.fill(aws.ToString(delta.Value.Input))
		}
	case *types.ConverseStreamOutputMemberMessageStop:
		a.stop, a.ended = string(e.Value.StopReason), true
	case *types.ConverseStreamOutputMemberMetadata:
		if u := e.Value.Usage; u != nil {
			input := int64(aws.ToInt32(u.InputTokens)) + int64(aws.ToInt32(u.CacheReadInputTokens)) + int64(aws.ToInt32(u.CacheWriteInputTokens))
			a.meter(input, int64(aws.ToInt32(u.OutputTokens)))
		}
	}
	return nil
}

func (a *bedrockDraft) ending() ending {
	switch types.StopReason(a.stop) {
	case types.StopReasonEndTurn, types.StopReasonStopSequence, types.StopReasonToolUse:
		return endWell
	case types.StopReasonGuardrailIntervened, types.StopReasonContentFiltered, "refusal":
		return endRefused
	case types.StopReasonMaxTokens, types.StopReasonModelContextWindowExceeded:
		return endTooLong
	case types.StopReasonMalformedModelOutput, types.StopReasonMalformedToolUse:
		return endUnknown
	default:
		return endUnknown
	}
}

// bedrockFault is why a stream did not begin.
func bedrockFault(err error) error {
	response, answered := errors.AsType[*awshttp.ResponseError](err)
	api, named := errors.AsType[smithy.APIError](err)
	if !answered || !named || response.HTTPStatusCode() < http.StatusMultipleChoices {
		return broken(err, false, "")
	}
	return refused{
		status: response.HTTPStatusCode(), header: response.Response.Header, code: api.ErrorCode(), message: api.ErrorMessage(),
	}.fault()
}

// streamFault is an exception inside a stream, or its break.
func streamFault(err error) error {
	api, named := errors.AsType[smithy.APIError](err)
	if !named {
		return broken(err, true, "")
	}
	e := &model.CallError{Kind: model.ErrTruncated, Detail: safe(api.ErrorCode()+": "+api.ErrorMessage(), "")}
	switch api.ErrorCode() {
	case "throttlingException", "ThrottlingException":
		e.Kind = model.ErrRateLimited
	case "serviceUnavailableException", "ServiceUnavailableException", "internalServerException", "InternalServerException":
		e.Kind = model.ErrOverloaded
	}
	return e
}
