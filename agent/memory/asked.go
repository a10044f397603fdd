package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/aegisworld/aegis/agent/model"
)

const (
	// dataScope is what models have to be allowed to see.
	dataScope = "memory"
	// askedAtOnce bounds the texts of a call.
	askedAtOnce = 64
	// numberBytes is the most that a number of a vector takes in an answer.
	numberBytes = 25
	// maxDimensions bounds the vectors that are taken.
	maxDimensions = 8192
	// patience is how long one text waits for its vector: somebody waits for it. A model
	// that takes longer is not asked for restAfter.
	patience, restAfter = 10 * time.Second, 30 * time.Second
)

// DataScope is the data scope of memories: models that are limited to others can't
// embed them.
func DataScope() string { return dataScope }

// asker answers requests to models. model.Router is one.
type asker interface {
	Complete(ctx context.Context, r model.Request, account model.Account) (model.Response, error)
}

// AskedConfig says which model is asked. Models, Model and Window are required.
type AskedConfig struct {
	// Models are asked for vectors; what they cost is charged to the day and the month.
	Models asker
	// Model is the one that is asked, by provider, a slash and id.
	Model string
	// Window is the most tokens of a call.
	Window int
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Asked is an embedder that asks one model. How many dimensions its vectors have is
// known from the model's first answer on; an answer of other vectors is refused, as
// is one that is not one vector with a direction for each text.
type Asked struct {
	AskedConfig

	mu         sync.Mutex
	dimensions int
	rests      time.Time
}

// NewAsked returns an embedder that asks a model.
func NewAsked(c AskedConfig) *Asked {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Asked{AskedConfig: c}
}

// Name is the model's with the number of dimensions, such as
// "openai/text-embedding-3-small/1536".
func (a *Asked) Name() string { return fmt.Sprintf("%s/%d", a.Model, a.Dimensions()) }

// Dimensions is 0 until the model has answered.
func (a *Asked) Dimensions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dimensions
}

// Embed asks for the vectors of texts, of length 1, in as many calls as it takes. A
// text beyond the model's window is embedded by its beginning.
func (a *Asked) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	var vectors [][]float32
	for len(vectors) < len(texts) {
		got, err := a.call(ctx, a.fitting(texts[len(vectors):]))
		if err != nil {
			return nil, fmt.Errorf("ask %s for vectors: %w", a.Model, err)
		}
		vectors = append(vectors, got...)
	}
	return vectors, nil
}

// fitting are as many of the texts as a call takes, and their answer holds: one where
// it is not known how long a vector is.
func (a *Asked) fitting(texts []string) []string {
	most := 1
	if n := a.Dimensions(); n > 0 {
		most = min(askedAtOnce, model.MaxAnswerBytes/numberBytes/n)
	}
	var batch []string
	bytes := 0
	for _, text := range texts {
		text = cutBytes(text, model.RoomFor(a.Window, 1))
		bytes += len(text)
		if len(batch) > 0 && (len(batch) >= most || bytes > model.RoomFor(a.Window, len(batch)+1)) {
			break
		}
		batch = append(batch, text)
	}
	return batch
}

func (a *Asked) call(ctx context.Context, texts []string) ([][]float32, error) {
	now := a.Now()
	if a.resting(now) {
		return nil, &model.CallError{Kind: model.ErrOverloaded, Detail: "it was too slow of late", Unpaid: true}
	}
	r := model.Request{Kind: model.KindEmbed, Models: []string{a.Model}, DataScopes: []string{dataScope}}
	if len(texts) == 1 {
		r.Deadline = now.Add(patience)
	}
	for _, text := range texts {
		r.Messages = append(r.Messages, model.Message{Role: model.RoleUser, Text: text})
	}
	answer, err := a.Models.Complete(ctx, r, model.Account{GoalLimitMicros: model.NoLimit})
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			a.rest(now.Add(patience + restAfter))
		}
		return nil, err
	}
	return a.read(answer.JSON, len(texts))
}

func (a *Asked) resting(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return now.Before(a.rests)
}

func (a *Asked) rest(until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rests = until
}

// read takes n vectors out of an answer.
func (a *Asked) read(answer json.RawMessage, n int) ([][]float32, error) {
	var raw [][]float64
	if err := json.Unmarshal(answer, &raw); err != nil {
		return nil, badVectors("they are no arrays of numbers")
	}
	if len(raw) != n {
		return nil, badVectors("there are %d for %d texts", len(raw), n)
	}
	dimensions := len(raw[0])
	if dimensions == 0 || dimensions > maxDimensions {
		return nil, badVectors("one has %d dimensions, 1 to %d are taken", dimensions, maxDimensions)
	}
	vectors := make([][]float32, n)
	for i, v := range raw {
		if len(v) != dimensions {
			return nil, badVectors("one has %d dimensions, another %d", dimensions, len(v))
		}
		if !directed(v) {
			return nil, badVectors("one has no direction")
		}
		vectors[i] = normalised(v)
	}
	return vectors, a.learn(dimensions)
}

// learn takes the number of dimensions of the first answer, and no other later.
func (a *Asked) learn(dimensions int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dimensions = cmp.Or(a.dimensions, dimensions)
	if a.dimensions != dimensions {
		return badVectors("they have %d dimensions, those before had %d", dimensions, a.dimensions)
	}
	return nil
}

// directed says that a vector has a direction: it is not zero, and its length is a
// number.
func directed(v []float64) bool {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	return squares > 0 && !math.IsInf(squares, 0)
}

func badVectors(format string, args ...any) error {
	return &model.CallError{Kind: model.ErrBadAnswer, Detail: "its vectors: " + fmt.Sprintf(format, args...)}
}
