package model

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aegisworld/aegis"
)

// Task kinds that the product asks for. Any other word is one, too.
const (
	KindUnderstand = "understand"
	KindCritique   = "critique"
	KindSummarise  = "summarise"
	// KindEmbed asks for a vector for each message; the answer is a JSON array of
	// arrays of numbers. Only models that name it do it.
	KindEmbed = "embed"
)

// Role is who said a message.
type Role string

// The roles of a conversation.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Message is one turn.
type Message struct {
	Role Role   `json:"role"`
	Text string `json:"text"`
}

// Request is a question to whichever model fits.
type Request struct {
	// Kind is the kind of task, such as KindUnderstand.
	Kind string `json:"kind"`
	// Named asks only models that name the kind.
	Named bool `json:"named,omitempty"`
	// System is what the product instructs; nothing from outside belongs in it.
	System   string    `json:"system"`
	Messages []Message `json:"messages"`
	// Schema is the JSON Schema of a structured answer; nil asks for text.
	Schema json.RawMessage `json:"schema,omitempty"`
	// MaxTokens is the longest answer, and what is reserved for it.
	MaxTokens int `json:"max_tokens"`
	// DataScopes say what kinds of data are in the request; only models that may see
	// all of them are asked. Without any, models that are limited to scopes are not
	// asked.
	DataScopes []string `json:"data_scopes"`
	// Models are all that may be asked, by provider, a slash and id; empty is every
	// one.
	Models []string `json:"models,omitempty"`
	// Deadline ends the request with all its retries; zero is none.
	Deadline time.Time `json:"-"`
}

const (
	maxRequestBytes = 8 << 20
	maxSchemaBytes  = 256 << 10
	maxMaxTokens    = 1_000_000
)

// check returns an InvalidError that names what is wrong with a request, or
// ErrTooLarge.
func (r Request) check() error {
	var faults aegis.InvalidError
	if r.Kind == "" {
		faults.Add("kind", "name the kind of task")
	}
	if r.MaxTokens < 1 && r.Kind != KindEmbed || r.MaxTokens < 0 || r.MaxTokens > maxMaxTokens {
		faults.Add("max_tokens", fmt.Sprintf("give 1 to %d", maxMaxTokens))
	}
	if len(r.Schema) > maxSchemaBytes || len(r.Schema) > 0 && !json.Valid(r.Schema) {
		faults.Add("schema", fmt.Sprintf("give a JSON Schema of at most %d bytes", maxSchemaBytes))
	}
	r.checkMessages(&faults)
	if len(faults.Faults) > 0 {
		return &faults
	}
	if n := r.bytes(); n > maxRequestBytes {
		return &CallError{Kind: ErrTooLarge, Detail: fmt.Sprintf("the request has %d bytes, %d at most", n, maxRequestBytes), Unpaid: true}
	}
	return nil
}

func (r Request) checkMessages(faults *aegis.InvalidError) {
	if len(r.Messages) == 0 || r.Messages[len(r.Messages)-1].Role != RoleUser {
		faults.Add("messages", "the last message must be the user's")
	}
	for i, m := range r.Messages {
		if m.Role != RoleUser && m.Role != RoleAssistant {
			faults.Add(fmt.Sprintf("messages[%d].role", i), "give user or assistant")
		}
		if m.Text == "" || !utf8.ValidString(m.Text) {
			faults.Add(fmt.Sprintf("messages[%d].text", i), "give a text in UTF-8")
		}
	}
	if !utf8.ValidString(r.System) {
		faults.Add("system", "give a text in UTF-8")
	}
}

// bytes is how much text a model reads.
func (r Request) bytes() int {
	n := len(r.System) + len(r.Schema)
	for _, m := range r.Messages {
		n += len(m.Text)
	}
	return n
}

// key is the same for requests that differ in their deadline alone.
func (r Request) key() [32]byte {
	b, err := json.Marshal(r)
	if err != nil { // only a broken schema, which check refuses
		return sha256.Sum256(fmt.Appendf(nil, "%#v", r))
	}
	return sha256.Sum256(b)
}
