// Package models asks vendors' language models with their official SDKs, one
// file a vendor: Anthropic's Messages, OpenAI's chat completions (which local
// servers speak, too) and Amazon Bedrock's ConverseStream. It makes one attempt
// a call, streams it, bounds it, and says in the errors of agent/model what
// became of it; whatever else a call needs is agent/model's.
//
// All traffic goes through internal/egress to the one server that the
// configuration names.
package models
