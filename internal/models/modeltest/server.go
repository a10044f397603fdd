package modeltest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
)

// Message is one turn of a call.
type Message struct{ Role, Text string }

// Call is a request as the server understood it, whatever the protocol.
type Call struct {
	// Protocol is "anthropic", "openai" or "bedrock".
	Protocol  string
	Model     string
	System    string
	Messages  []Message
	MaxTokens int
	// Tool is the tool that is offered for a structured answer; "" is none.
	Tool string
	// Schema is that of the structured answer.
	Schema json.RawMessage
	Header http.Header
	// Gone is closed when the client went before the answer was whole.
	Gone <-chan struct{}
}

// Server speaks the protocols on one address. It is safe for concurrent use.
type Server struct {
	web *httptest.Server

	mu      sync.Mutex
	scripts map[string][]Step
	usual   func(Call) Step
	calls   []Call
}

// Start starts a server on the loopback interface; Close ends it.
func Start() *Server {
	s := &Server{scripts: map[string][]Step{}, usual: func(Call) Step { return Step{} }}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", s.serve(anthropic{}))
	mux.HandleFunc("POST /v1/chat/completions", s.serve(openAI{}))
	mux.HandleFunc("POST /v1/embeddings", s.embeddings)
	mux.HandleFunc("POST /model/{model}/converse-stream", s.serve(bedrock{}))
	s.web = httptest.NewServer(mux)
	return s
}

// Close ends the server and breaks its connections.
func (s *Server) Close() {
	s.web.CloseClientConnections()
	s.web.Close()
}

// URL is the base_url for a kind of provider.
func (s *Server) URL(kind string) string {
	if kind == "openai" {
		return s.web.URL + "/v1"
	}
	return s.web.URL
}

// Script queues steps for the calls of a model, or of any model without a
// script of its own when model is "".
func (s *Server) Script(model string, steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[model] = append(s.scripts[model], steps...)
}

// Usually says how calls without a script are treated.
func (s *Server) Usually(step Step) { s.Reply(func(Call) Step { return step }) }

// Reply has calls without a script answered by a function, one after another.
func (s *Server) Reply(answer func(Call) Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usual = answer
}

// Calls are the calls until now, in the order in which they came.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// next records a call and takes its step.
func (s *Server) next(c Call) Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	for _, name := range []string{c.Model, ""} {
		if steps := s.scripts[name]; len(steps) > 0 {
			s.scripts[name] = steps[1:]
			return steps[0]
		}
	}
	return s.usual(c)
}

// protocol reads requests and writes answers.
type protocol interface {
	// read understands a request; its error is a client's fault.
	read(r *http.Request, body []byte) (Call, error)
	// refuse writes an error of a status.
	refuse(w http.ResponseWriter, status int)
	// begin writes the head of a stream.
	begin(w http.ResponseWriter)
	// frames are the parts of an answer, in order; the last ones end it.
	frames(c Call, s Step) [][]byte
	// fail is the frame of an error inside a stream.
	fail() []byte
}

const maxRequest = 64 << 20

func (s *Server) serve(p protocol) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			return // the client went
		}
		c, err := p.read(r, body)
		if err != nil {
			p.refuse(w, http.StatusBadRequest)
			return
		}
		c.Header, c.Gone = r.Header.Clone(), r.Context().Done()
		if step := s.next(c); step.admit(w, r, p) {
			stream(w, p, c, step)
		}
	}
}

// admit keeps a call waiting and refuses it, as the step has it; false when there is
// nothing left to answer.
func (s Step) admit(w http.ResponseWriter, r *http.Request, p protocol) bool {
	if s.Hold != nil {
		select {
		case <-s.Hold:
		case <-r.Context().Done():
			return false
		}
	}
	if s.Status == 0 {
		return true
	}
	if s.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(s.RetryAfter.Seconds())))
	}
	p.refuse(w, s.Status)
	return false
}

// stream writes an answer frame by frame. One that is cut, ends or turns into
// something else does so after half of its frames.
func stream(w http.ResponseWriter, p protocol, c Call, step Step) {
	p.begin(w)
	flush := http.NewResponseController(w)
	frames := p.frames(c, step)
	for i, frame := range frames {
		if i == len(frames)/2 {
			switch {
			case step.Cut:
				panic(http.ErrAbortHandler)
			case step.End:
				return
			case step.Garbage:
				frame = []byte("event: message_start\ndata: {\"type\": nonsense\n\n")
			case step.Fail:
				_, _ = w.Write(p.fail())
				return
			}
		}
		if _, err := w.Write(frame); err != nil { //nolint:gosec // a script's bytes, for no browser
			return
		}
		_ = flush.Flush()
	}
}

// halves cuts a text in two parts, or in more when it is long, between runes.
func halves(text string) []string {
	const most = 32 << 10
	runes := []rune(text)
	if len(runes) <= most {
		return []string{string(runes[:len(runes)/2]), string(runes[len(runes)/2:])}
	}
	var parts []string
	for len(runes) > 0 {
		n := min(most, len(runes))
		parts, runes = append(parts, string(runes[:n])), runes[n:]
	}
	return parts
}

var errRequest = errors.New("the request is not of this protocol")

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of our own maps only
	}
	return b
}
