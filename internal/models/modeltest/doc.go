// Package modeltest is a local server that speaks the protocols of model
// vendors: Anthropic's Messages and OpenAI's chat completions over server-sent
// events, OpenAI's embeddings, and Bedrock's ConverseStream in AWS's event
// stream framing. What it answers is scripted, call by call: as it should,
// slowly, not at all, broken off, refused, nonsense, too much, or whatever a text
// in the prompt tells it to.
package modeltest
