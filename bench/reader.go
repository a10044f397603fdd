package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
)

// telling is a goal in words that only a model reads.
type telling struct {
	// kind is the protocol of the one model that reads it.
	kind   string
	intent string
	// sentences are what that model says in its place; plain is the same in one.
	sentences []string
	plain     string
	// kills is how often the process is killed on the goal's way, the first time while
	// the model is asked.
	kills int
}

// tellings are goals of which each finds something to do after those before it.
func tellings() []telling {
	return []telling{
		{
			kind: models.OpenAI, kills: 5,
			intent:    "should Virginia burn to the ground, nobody at checkout ought to notice, under $3,000 a month more, by Friday",
			sentences: []string{"make checkout survive losing us-east-1", "under $3,000 a month more"},
			plain:     "make checkout survive losing us-east-1, under $3,000 a month more, by Friday",
		},
		{
			kind: models.Anthropic, kills: 1,
			intent:    "should Dublin burn to the ground, nobody at checkout ought to notice, under $3,000 a month more, by Friday",
			sentences: []string{"make checkout survive losing eu-west-1"},
			plain:     "make checkout survive losing eu-west-1, under $3,000 a month more, by Friday",
		},
		{
			kind: models.Bedrock, kills: 1,
			intent:    "Singapore is to shut its doors once its neighbours have taken in whoever queues there, under $3,000 a month more, by Friday",
			sentences: []string{"evacuate ap-southeast-1"},
			plain:     "evacuate ap-southeast-1, under $3,000 a month more, by Friday",
		},
	}
}

// model is the id of the model that reads it.
func (t telling) model() string { return "reader-" + t.kind }

// What an answer of a Reader takes, in tokens.
const (
	readerInput  = 2000
	readerOutput = 100
)

// Reader is three scripted models, one of each protocol. Each reads its own telling,
// and keeps the first who asks waiting for as long as they live.
type Reader struct {
	// File is a configuration that names them, for a sandbox's --models.
	File string

	server *modeltest.Server
}

// StartReader starts the models and writes their configuration into a folder; Close
// ends them.
func StartReader(dir string) (*Reader, error) {
	r := &Reader{server: modeltest.Start()}
	held := map[string]bool{}
	r.server.Reply(func(c modeltest.Call) modeltest.Step {
		for _, t := range tellings() {
			switch {
			case !strings.Contains(c.Messages[0].Text, t.intent):
			case c.Protocol != t.kind:
				return modeltest.Step{Status: http.StatusBadRequest}
			case !held[t.kind]:
				held[t.kind] = true
				return modeltest.Step{Hold: make(chan struct{})}
			default:
				return modeltest.Step{Text: t.answer(), Input: readerInput, Output: readerOutput}
			}
		}
		return modeltest.Step{Text: `{"sentences":[],"unclear":"it is about nothing that I know"}`}
	})
	var list []e2e.Model
	for _, t := range tellings() {
		m := e2e.Model{Kind: t.kind, BaseURL: r.server.URL(t.kind), ID: t.model()}
		if t.kind == models.Bedrock {
			m.Region = "us-east-1"
		}
		list = append(list, m)
	}
	var err error
	if r.File, err = e2e.WriteModels(dir, list...); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close ends the models.
func (r *Reader) Close() { r.server.Close() }

// calls counts the calls that ask the model of a telling's protocol to read it.
func (r *Reader) calls(t telling) int {
	return len(slices.DeleteFunc(r.server.Calls(), func(c modeltest.Call) bool {
		return c.Protocol != t.kind || !strings.Contains(c.Messages[0].Text, t.intent)
	}))
}

// readUSD is what one answer costs, in US dollars.
func readUSD() float64 { return (readerInput + readerOutput) * e2e.ModelUSD / 1_000_000 }

func (t telling) answer() string {
	text, err := json.Marshal(map[string]any{"sentences": t.sentences, "unclear": ""})
	if err != nil {
		panic(fmt.Sprintf("encode an answer: %v", err)) // strings always encode
	}
	return string(text)
}
