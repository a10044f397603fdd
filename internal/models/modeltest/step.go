package modeltest

import (
	"slices"
	"strings"
	"time"
)

// Step is how the server treats one call. Its zero value answers "ok", or what
// the server was told to answer by default.
type Step struct {
	// Text is the answer. When the request offers a tool, it is the tool's input,
	// unless Plain.
	Text string
	// Answer makes the text of the call, and goes before Text.
	Answer func(Call) string
	// Vectors makes the vectors of texts that are to be embedded.
	Vectors func(texts []string) [][]float64
	// Plain answers with text although there is a tool.
	Plain bool
	// Tool is the name of the tool that is called; "" is the one that was offered.
	Tool string
	// Status refuses the call with an HTTP status; 0 answers it. RetryAfter goes
	// with it, in whole seconds.
	Status     int
	RetryAfter time.Duration
	// Hold keeps the call waiting until it is closed, or the client goes.
	Hold <-chan struct{}
	// Cut breaks the connection in the middle of the answer, End closes it there as
	// if it were whole.
	Cut, End bool
	// Garbage sends bytes in the middle of the stream that its framing does not
	// allow.
	Garbage bool
	// Fail sends the protocol's error inside the stream: the server is overloaded.
	Fail bool
	// Refuse is a model that refuses.
	Refuse bool
	// Stop is the reason for which the answer ends early: StopLength.
	Stop Stop
	// Bytes makes the answer so long.
	Bytes int
	// Input and Output are the tokens that are reported; 0 reports 10 and 5.
	Input, Output int
	// Unmetered reports no tokens.
	Unmetered bool
}

// Stop is why an answer ends.
type Stop string

// StopLength is an answer that reached max_tokens.
const StopLength Stop = "length"

// Obedient does what a text in the prompt tells it: it answers with what is
// between "SAY<<" and ">>" in the last message that has it, and "ok" when none
// does.
func Obedient() Step {
	return Step{Answer: func(c Call) string {
		for _, m := range slices.Backward(c.Messages) {
			if _, after, ok := strings.Cut(m.Text, "SAY<<"); ok {
				said, _, _ := strings.Cut(after, ">>")
				return said
			}
		}
		return "ok"
	}}
}

// text is the whole answer to a call.
func (s Step) text(c Call) string {
	switch {
	case s.Answer != nil:
		return s.Answer(c)
	case s.Bytes > 0:
		return strings.Repeat("a", s.Bytes)
	case s.Text != "":
		return s.Text
	default:
		return "ok"
	}
}

func (s Step) tokens() (input, output int) {
	if s.Input == 0 && s.Output == 0 {
		return 10, 5
	}
	return s.Input, s.Output
}
