package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/model"
)

// oracle is a provider of vectors whose answers a test writes, and the ledger that
// pays for them.
type oracle struct {
	answer func(ctx context.Context, texts []string) (string, error)

	mu    sync.Mutex
	asked [][]string
	// accounts are those that calls were charged to.
	accounts []model.Account
	limit    int64
}

func (*oracle) Name() string   { return "vendor" }
func (*oracle) System() string { return "test" }

// Complete answers with what the test says.
func (o *oracle) Complete(ctx context.Context, _ string, r model.Request) (model.Answer, error) {
	var texts []string
	for _, m := range r.Messages {
		texts = append(texts, m.Text)
	}
	o.mu.Lock()
	o.asked = append(o.asked, texts)
	o.mu.Unlock()
	text, err := o.answer(ctx, texts)
	return model.Answer{Text: text, InputTokens: 1, Metered: err == nil}, err
}

// Reserve gives what is below the limit.
func (o *oracle) Reserve(_ context.Context, account model.Account, micros int64) (model.Hold, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if micros > o.limit {
		return model.Hold{}, &model.BudgetError{Level: "day", Micros: micros}
	}
	o.accounts = append(o.accounts, account)
	return model.Hold{ID: "hold", Micros: micros}, nil
}

// Settle changes nothing.
func (*oracle) Settle(context.Context, model.Hold, int64) error { return nil }

func (o *oracle) calls() [][]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// asked is an embedder of a model with a window, beside one that is not to be asked.
func asked(t *testing.T, o *oracle, window int, scopes ...string) *memory.Asked {
	t.Helper()
	o.limit = max(o.limit, 1_000_000)
	priced := func(id string) model.Model {
		return model.Model{
			Provider: o, ID: id, Kinds: []string{model.KindEmbed}, Scopes: scopes, Timeout: time.Minute, Price: model.Price{InputUSD: 1, Window: window},
		}
	}
	router, err := model.New(model.Config{Models: []model.Model{priced("another"), priced("m")}, Ledger: o, CacheEntries: -1})
	require.NoError(t, err)
	return memory.NewAsked(memory.AskedConfig{Models: router, Model: "vendor/m", Window: window})
}

// lengths answers each text with a vector of n numbers, the first of which is large
// for long texts.
func lengths(n int) func(context.Context, []string) (string, error) {
	return func(_ context.Context, texts []string) (string, error) {
		vectors := make([][]float64, len(texts))
		for i, text := range texts {
			vectors[i] = make([]float64, n)
			vectors[i][0], vectors[i][n-1] = float64(len(text)), 1
		}
		b, err := json.Marshal(vectors)
		return string(b), err
	}
}

func says(text string) func(context.Context, []string) (string, error) {
	return func(context.Context, []string) (string, error) { return text, nil }
}

func TestAskedEmbeds(t *testing.T) {
	t.Parallel()
	o := &oracle{answer: lengths(3)}
	e := asked(t, o, 8191)
	require.Zero(t, e.Dimensions(), "nobody knows yet")
	vectors, err := e.Embed(t.Context(), []string{"one", "three"})
	require.NoError(t, err)
	require.Equal(t, "vendor/m/3", e.Name())
	require.Equal(t, 3, e.Dimensions())
	require.InDelta(t, 1, dot(vectors[0], vectors[0]), 1e-6)
	require.InDeltaSlice(t, []float32{float32(5 / math.Sqrt(26)), 0, float32(1 / math.Sqrt(26))}, vectors[1], 1e-6)
	require.Equal(t, [][]string{{"one"}, {"three"}}, o.calls(), "the first alone: how long vectors are is not known before")
	require.Equal(t, model.Account{GoalLimitMicros: model.NoLimit}, o.accounts[0], "the day and the month pay")
}

func TestAskedBoundsItsCalls(t *testing.T) {
	t.Parallel()
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("%03d %s", i, strings.Repeat("wörd ", 20))
	}
	for name, c := range map[string]struct{ window, dimensions, most int }{
		"by number":     {1_000_000, 2, 64},
		"by the window": {1024, 2, 13},
		"by the answer": {1_000_000, 4096, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &oracle{answer: lengths(c.dimensions)}
			vectors, err := asked(t, o, c.window).Embed(t.Context(), many)
			require.NoError(t, err)
			require.Len(t, vectors, len(many))
			most, all := 0, []string{}
			for _, texts := range o.calls() {
				most, all = max(most, len(texts)), append(all, texts...)
			}
			require.Equal(t, many, all)
			require.Equal(t, c.most, most)
		})
	}
	t.Run("a text by its beginning", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: lengths(2)}
		_, err := asked(t, o, 512).Embed(t.Context(), []string{strings.Repeat("ö", 4<<10)})
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("ö", 360), o.calls()[0][0])
	})
}

func TestAskedRefusesVectors(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"too few":         `[[1,2]]`,
		"too many":        `[[1,2],[1,2],[1,2]]`,
		"another length":  `[[1,2],[1,2,3]]`,
		"all of another":  `[[1,2,3],[1,2,3]]`,
		"none":            `[[],[]]`,
		"zero":            `[[1,2],[0,0]]`,
		"not finite":      `[[1,2],[1e300,1e300]]`,
		"not a number":    `[[1,2],["1","2"]]`,
		"not an array":    `{"vectors":[]}`,
		"beyond a number": `[[1,2],[1e999,1]]`,
		"not JSON":        `sorry`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &oracle{answer: lengths(2)}
			e := asked(t, o, 8191)
			_, err := e.Embed(t.Context(), []string{"x"})
			require.NoError(t, err)
			o.answer = says(answer)
			_, err = e.Embed(t.Context(), []string{"x", "y"})
			require.ErrorIs(t, err, model.ErrBadAnswer)
			require.ErrorContains(t, err, "vendor/m")
			require.Equal(t, 2, e.Dimensions(), "the first stays")
		})
	}
	o := &oracle{answer: lengths(8193)}
	e := asked(t, o, 8191)
	_, err := e.Embed(t.Context(), []string{"x"})
	require.ErrorIs(t, err, model.ErrBadAnswer, "more than anybody needs")
	require.Zero(t, e.Dimensions())
}

func TestAskedSendsNothing(t *testing.T) {
	t.Parallel()
	t.Run("without money", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: lengths(2)}
		e := asked(t, o, 8191)
		o.limit = 1
		_, err := e.Embed(t.Context(), []string{"x"})
		require.ErrorIs(t, err, model.ErrBudget)
		require.Empty(t, o.calls())
	})
	t.Run("to a model that may not see memories", func(t *testing.T) {
		t.Parallel()
		o := &oracle{answer: lengths(2)}
		_, err := asked(t, o, 8191, "estate").Embed(t.Context(), []string{"x"})
		require.ErrorIs(t, err, model.ErrNoModel)
		require.Empty(t, o.calls())
		_, err = asked(t, o, 8191, "memory").Embed(t.Context(), []string{"x"})
		require.NoError(t, err)
	})
}

func TestAskedDoesNotWaitForASlowModel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{answer: func(ctx context.Context, _ []string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}}
		e := asked(t, o, 8191)
		began := time.Now()
		_, err := e.Embed(t.Context(), []string{"x"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(began))
		o.answer = lengths(2)
		_, err = e.Embed(t.Context(), []string{"x"})
		require.ErrorIs(t, err, model.ErrOverloaded)
		require.Len(t, o.calls(), 1, "it rests")
		time.Sleep(31 * time.Second)
		_, err = e.Embed(t.Context(), []string{"x"})
		require.NoError(t, err)

		o.answer = func(ctx context.Context, _ []string) (string, error) {
			<-ctx.Done()
			return "", errors.Join(ctx.Err())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = e.Embed(ctx, []string{"x"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		o.answer = lengths(2)
		_, err = e.Embed(t.Context(), []string{"x"})
		require.NoError(t, err, "who went did not wait for it")
	})
}
