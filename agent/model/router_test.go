package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/model"
)

func ask(text string) model.Request {
	return model.Request{Kind: model.KindUnderstand, MaxTokens: 50, Messages: []model.Message{{Role: model.RoleUser, Text: text}}}
}

func router(t *testing.T, ledger model.Ledger, models ...model.Model) *model.Router {
	t.Helper()
	r, err := model.New(model.Config{Models: models, Ledger: ledger})
	require.NoError(t, err)
	return r
}

func down() error { return &model.CallError{Kind: model.ErrOverloaded, Detail: "down", Unpaid: true} }

func TestChoice(t *testing.T) {
	t.Parallel()
	cheap, dear := says("cheap", "c"), says("dear", "d")
	costly := priced(dear)
	costly.Price.InputUSD, costly.Price.OutputUSD = 50, 100
	for name, c := range map[string]struct {
		change func(cheap, dear *model.Model)
		ask    func(r *model.Request)
		want   string
	}{
		"the cheaper one":                            {want: "cheap"},
		"the one that names the kind":                {change: func(_, d *model.Model) { d.Kinds = []string{model.KindUnderstand} }, want: "dear"},
		"none that is for other kinds":               {change: func(c, _ *model.Model) { c.Kinds = []string{model.KindCritique} }, want: "dear"},
		"one whose window is wide enough":            {change: func(c, _ *model.Model) { c.Price.Window = 300 }, want: "dear"},
		"none that may not see the data":             {change: func(c, _ *model.Model) { c.Scopes = []string{"public"} }, ask: func(r *model.Request) { r.DataScopes = []string{"secret"} }, want: "dear"},
		"none that is limited, for data without one": {change: func(c, _ *model.Model) { c.Scopes = []string{"public"} }, want: "dear"},
		"one that may see the data":                  {change: func(c, _ *model.Model) { c.Scopes = []string{"public"} }, ask: func(r *model.Request) { r.DataScopes = []string{"public"} }, want: "cheap"},
	} {
		t.Run("takes "+name, func(t *testing.T) {
			t.Parallel()
			a, b := priced(cheap), costly
			if c.change != nil {
				c.change(&a, &b)
			}
			r := ask("hello")
			if c.ask != nil {
				c.ask(&r)
			}
			response, err := router(t, newPurse(aDollar), b, a).Complete(t.Context(), r, model.Account{})
			require.NoError(t, err)
			require.Equal(t, c.want, response.Provider)
		})
	}
	t.Run("says why there is none", func(t *testing.T) {
		t.Parallel()
		m := priced(cheap)
		m.Scopes = []string{"public"}
		_, err := router(t, newPurse(aDollar), m).Complete(t.Context(), ask("hello"), model.Account{})
		require.ErrorIs(t, err, model.ErrNoModel)
		require.ErrorContains(t, err, "may not see data")
	})
	t.Run("asks only those that name it for embeddings", func(t *testing.T) {
		t.Parallel()
		m := priced(says("vectors", `[[1,2]]`))
		r := model.Request{Kind: model.KindEmbed, Messages: []model.Message{{Role: model.RoleUser, Text: "x"}}}
		_, err := router(t, newPurse(aDollar), m).Complete(t.Context(), r, model.Account{})
		require.ErrorIs(t, err, model.ErrNoModel)
		m.Kinds = []string{model.KindEmbed}
		response, err := router(t, newPurse(aDollar), m).Complete(t.Context(), r, model.Account{})
		require.NoError(t, err)
		require.JSONEq(t, `[[1,2]]`, string(response.JSON))
	})
}

// Of models with one price the quicker is asked, and the one that fails less, until
// its failures are old.
func TestChoiceByWhatWasSeen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	taking := func(name string, d time.Duration) *oracle {
		return &oracle{name: name, answer: func(context.Context, int, model.Request) (model.Answer, error) {
			now = now.Add(d)
			return metered(name), nil
		}}
	}
	asked := func(models ...model.Model) func() string {
		r, err := model.New(model.Config{Models: models, Ledger: newPurse(aDollar), CacheEntries: -1, Now: func() time.Time { return now }})
		require.NoError(t, err)
		return func() string {
			response, err := r.Complete(t.Context(), ask("hello"), model.Account{})
			require.NoError(t, err)
			return response.Provider
		}
	}
	next := asked(priced(taking("slow", 30*time.Second)), priced(taking("quick", time.Second)))
	require.Equal(t, []string{"slow", "quick", "quick"}, []string{next(), next(), next()}, "nothing is known before the first")

	shaky := taking("shaky", time.Second)
	answers := shaky.answer
	shaky.answer = func(ctx context.Context, n int, r model.Request) (model.Answer, error) {
		if n == 2 {
			return model.Answer{}, down()
		}
		return answers(ctx, n, r)
	}
	next = asked(priced(shaky), priced(taking("steady", 1050*time.Millisecond)))
	require.Equal(t, []string{"shaky", "steady", "steady"}, []string{next(), next(), next()})
	now = now.Add(time.Hour)
	require.Equal(t, "shaky", next(), "it has had time to recover")
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	oracle := says("a", "ok")
	r := router(t, newPurse(aDollar), priced(oracle))
	for field, change := range map[string]func(r *model.Request){
		"kind":             func(r *model.Request) { r.Kind = "" },
		"max_tokens":       func(r *model.Request) { r.MaxTokens = 0 },
		"schema":           func(r *model.Request) { r.Schema = json.RawMessage(`{`) },
		"messages":         func(r *model.Request) { r.Messages = nil },
		"messages[0].role": func(r *model.Request) { r.Messages[0].Role = "root" },
		"messages[0].text": func(r *model.Request) { r.Messages[0].Text = "\xff" },
		"system":           func(r *model.Request) { r.System = "\xff" },
	} {
		request := ask("hello")
		change(&request)
		_, err := r.Complete(t.Context(), request, model.Account{})
		require.ErrorIs(t, err, aegis.ErrInvalid)
		require.ErrorContains(t, err, field)
	}
	remote := ask("hello")
	remote.Schema = json.RawMessage(`{"$ref":"file:///etc/passwd"}`)
	_, err := r.Complete(t.Context(), remote, model.Account{})
	require.ErrorContains(t, err, "another document")
	require.Zero(t, oracle.calls())
}

func TestFallback(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"a server that is down":   down(),
		"a rate limit":            &model.CallError{Kind: model.ErrRateLimited, RetryAfter: time.Hour, Unpaid: true},
		"a refusal":               &model.CallError{Kind: model.ErrRefused},
		"a broken stream":         &model.CallError{Kind: model.ErrTruncated},
		"an answer that is large": &model.CallError{Kind: model.ErrTooLarge},
		"a key that is wrong":     &model.CallError{Kind: model.ErrRejected, Unpaid: true},
	} {
		t.Run("goes to the next after "+name, func(t *testing.T) {
			t.Parallel()
			purse := newPurse(aDollar)
			first, second := fails("first", failure), says("second", "ok")
			response, err := router(t, purse, priced(first), priced(second)).Complete(t.Context(), ask("hello"), model.Account{})
			require.NoError(t, err)
			require.Equal(t, "second", response.Provider)
			require.Equal(t, 1, first.calls())
			reserved, spent := purse.state()
			require.Zero(t, reserved)
			require.Equal(t, response.CostMicros, spent)
		})
	}

	t.Run("tries again when all failed, after what they asked for", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			limited := &oracle{name: "a", answer: func(_ context.Context, n int, _ model.Request) (model.Answer, error) {
				if n == 1 {
					return model.Answer{}, &model.CallError{Kind: model.ErrRateLimited, RetryAfter: 7 * time.Second, Unpaid: true}
				}
				return metered("ok"), nil
			}}
			began := time.Now()
			response, err := router(t, newPurse(aDollar), priced(limited)).Complete(t.Context(), ask("hello"), model.Account{})
			require.NoError(t, err)
			require.Equal(t, 7*time.Second, time.Since(began))
			require.Equal(t, 7*time.Second, response.Latency)
		})
	})

	t.Run("does not wait beyond the deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			limited := fails("a", &model.CallError{Kind: model.ErrRateLimited, RetryAfter: time.Minute, Unpaid: true})
			r := ask("hello")
			r.Deadline = time.Now().Add(30 * time.Second)
			began := time.Now()
			_, err := router(t, newPurse(aDollar), priced(limited)).Complete(t.Context(), r, model.Account{})
			require.ErrorIs(t, err, model.ErrRateLimited)
			require.Less(t, time.Since(began), 30*time.Second)
		})
	})

	t.Run("gives up after three rounds and tells all", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, b := fails("a", down()), fails("b", &model.CallError{Kind: model.ErrRefused})
			_, err := router(t, newPurse(aDollar), priced(a), priced(b)).Complete(t.Context(), ask("hello"), model.Account{})
			require.ErrorIs(t, err, model.ErrOverloaded)
			require.ErrorIs(t, err, model.ErrRefused)
			require.ErrorContains(t, err, "a/m")
			require.Equal(t, []int{3, 1}, []int{a.calls(), b.calls()})
		})
	})

	t.Run("ends a call that takes longer than the model may", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			purse := newPurse(aDollar)
			hangs := &oracle{name: "a", answer: func(ctx context.Context, _ int, _ model.Request) (model.Answer, error) {
				<-ctx.Done()
				return model.Answer{}, ctx.Err()
			}}
			response, err := router(t, purse, priced(hangs), priced(says("b", "ok"))).Complete(t.Context(), ask("hello"), model.Account{})
			require.NoError(t, err)
			require.Equal(t, "b", response.Provider)
			require.GreaterOrEqual(t, response.Latency, time.Minute)
			require.Greater(t, response.CostMicros, int64(1000), "nobody knows what the slow one cost")
		})
	})

	t.Run("asks nobody after the deadline", func(t *testing.T) {
		t.Parallel()
		a := says("a", "ok")
		r := ask("hello")
		r.Deadline = time.Now().Add(-time.Second)
		_, err := router(t, newPurse(aDollar), priced(a)).Complete(t.Context(), r, model.Account{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, model.ErrLedger)
		require.Zero(t, a.calls())
	})

	t.Run("stops with its context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		second := says("b", "ok")
		first := &oracle{name: "a", answer: func(ctx context.Context, _ int, _ model.Request) (model.Answer, error) {
			cancel()
			return model.Answer{}, ctx.Err()
		}}
		purse := newPurse(aDollar)
		_, err := router(t, purse, priced(first), priced(second)).Complete(ctx, ask("hello"), model.Account{})
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, second.calls())
		reserved, _ := purse.state()
		require.Zero(t, reserved, "what was cancelled is settled")
	})
}

func TestBreakerAndRateLimit(t *testing.T) {
	t.Parallel()
	t.Run("leaves a model alone that keeps failing, and tries it again later", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			healthy := false
			flaky := &oracle{name: "a", answer: func(context.Context, int, model.Request) (model.Answer, error) {
				if healthy {
					return metered("a"), nil
				}
				return model.Answer{}, down()
			}}
			m := priced(flaky)
			m.Kinds = []string{model.KindUnderstand} // asked first, whatever happens
			r, err := model.New(model.Config{Models: []model.Model{m, priced(says("b", "b"))}, Ledger: newPurse(aDollar), CacheEntries: -1})
			require.NoError(t, err)
			for range 20 {
				response, err := r.Complete(t.Context(), ask("hello"), model.Account{})
				require.NoError(t, err)
				require.Equal(t, "b", response.Provider)
			}
			require.Equal(t, 5, flaky.calls())
			healthy = true
			time.Sleep(31 * time.Second)
			response, err := r.Complete(t.Context(), ask("hello"), model.Account{})
			require.NoError(t, err)
			require.Equal(t, "a", response.Provider)
		})
	})

	t.Run("keeps to the configured calls a minute", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a := says("a", "ok")
			m := priced(a)
			m.RPM = 6
			r, err := model.New(model.Config{Models: []model.Model{m}, Ledger: newPurse(aDollar), CacheEntries: -1})
			require.NoError(t, err)
			began := time.Now()
			for range 4 {
				_, err := r.Complete(t.Context(), ask("hello"), model.Account{})
				require.NoError(t, err)
			}
			require.GreaterOrEqual(t, time.Since(began), 30*time.Second)
		})
	})
}

// TestRejectionsOfOneRequest says that what is wrong with one request does not
// keep the next from the model.
func TestRejectionsOfOneRequest(t *testing.T) {
	t.Parallel()
	a := &oracle{name: "a", answer: func(_ context.Context, n int, _ model.Request) (model.Answer, error) {
		if n <= 10 {
			return model.Answer{}, &model.CallError{Kind: model.ErrRejected, Unpaid: true}
		}
		return metered("ok"), nil
	}}
	r := router(t, newPurse(aDollar), priced(a))
	for range 10 {
		_, err := r.Complete(t.Context(), ask("odd"), model.Account{})
		require.ErrorIs(t, err, model.ErrRejected)
	}
	_, err := r.Complete(t.Context(), ask("hello"), model.Account{})
	require.NoError(t, err)
}

func TestHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		purse := newPurse(aDollar)
		slow := false
		gone := 0
		first := &oracle{name: "a", answer: func(ctx context.Context, _ int, _ model.Request) (model.Answer, error) {
			if !slow {
				time.Sleep(100 * time.Millisecond)
				return metered("a"), nil
			}
			<-ctx.Done()
			gone++
			return model.Answer{}, ctx.Err()
		}}
		second := says("b", "b")
		m := priced(first)
		m.Kinds = []string{model.KindUnderstand}
		r, err := model.New(model.Config{Models: []model.Model{m, priced(second)}, Ledger: purse, CacheEntries: -1})
		require.NoError(t, err)
		for range 20 {
			_, err := r.Complete(t.Context(), ask("hello"), model.Account{})
			require.NoError(t, err)
		}
		_, before := purse.state()
		require.Zero(t, second.calls())
		slow = true
		began := time.Now()
		response, err := r.Complete(t.Context(), ask("hello"), model.Account{})
		require.NoError(t, err)
		require.Equal(t, "b", response.Provider)
		require.Equal(t, 100*time.Millisecond, time.Since(began), "the guard is the 95th percentile")
		require.Equal(t, 1, gone, "the loser was cancelled")
		reserved, spent := purse.state()
		require.Zero(t, reserved, "the loser was settled")
		require.Equal(t, response.CostMicros, spent-before)
		require.Greater(t, response.CostMicros, int64(1000), "of the loser nobody knows the cost")
	})
}

func TestStructuredAnswers(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`)
	structured := ask("count")
	structured.Schema = schema
	for name, text := range map[string]string{
		"plain":      `{"n":3}`,
		"in a fence": "Here:\n```json\n{\"n\":3}\n```\nDone.",
		"in prose":   `The answer is {"n":3}, I think.`,
	} {
		t.Run("takes JSON "+name, func(t *testing.T) {
			t.Parallel()
			response, err := router(t, newPurse(aDollar), priced(says("a", text))).Complete(t.Context(), structured, model.Account{})
			require.NoError(t, err)
			require.JSONEq(t, `{"n":3}`, string(response.JSON))
		})
	}

	t.Run("asks again with the fault named", func(t *testing.T) {
		t.Parallel()
		a := &oracle{name: "a", answer: func(_ context.Context, n int, _ model.Request) (model.Answer, error) {
			return metered([]string{"no idea", `{"n":"three"}`, `{"n":3}`}[n-1]), nil
		}}
		response, err := router(t, newPurse(aDollar), priced(a)).Complete(t.Context(), structured, model.Account{})
		require.NoError(t, err)
		require.JSONEq(t, `{"n":3}`, string(response.JSON))
		require.EqualValues(t, 3*120, response.CostMicros)
		require.Equal(t, 300, response.InputTokens)
		last := a.asked[2].Messages
		require.Len(t, last, 3, "only the newest fault is told")
		require.JSONEq(t, `{"n":"three"}`, last[1].Text)
		require.Contains(t, last[2].Text, "got string, want integer")
	})

	t.Run("goes to the next model when repairs don't help", func(t *testing.T) {
		t.Parallel()
		a, b := says("a", "no"), says("b", `{"n":1}`)
		response, err := router(t, newPurse(aDollar), priced(a), priced(b)).Complete(t.Context(), structured, model.Account{})
		require.NoError(t, err)
		require.Equal(t, "b", response.Provider)
		require.Equal(t, 3, a.calls())
		_, err = router(t, newPurse(aDollar), priced(a)).Complete(t.Context(), structured, model.Account{})
		require.ErrorIs(t, err, model.ErrBadAnswer)
	})
}

func TestCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := says("a", "ok")
		r := router(t, newPurse(aDollar), priced(a))
		first, err := r.Complete(t.Context(), ask("hello"), model.Account{})
		require.NoError(t, err)
		require.False(t, first.Cached)
		again := ask("hello")
		again.Deadline = time.Now().Add(time.Minute)
		second, err := r.Complete(t.Context(), again, model.Account{})
		require.NoError(t, err)
		require.True(t, second.Cached)
		require.Zero(t, second.CostMicros)
		require.Equal(t, first.Text, second.Text)
		scoped := ask("hello")
		scoped.DataScopes = []string{"secret"}
		_, err = r.Complete(t.Context(), scoped, model.Account{})
		require.NoError(t, err)
		require.Equal(t, 2, a.calls(), "another scope is another question")
		time.Sleep(11 * time.Minute)
		third, err := r.Complete(t.Context(), ask("hello"), model.Account{})
		require.NoError(t, err)
		require.False(t, third.Cached)
	})
}

func TestMoney(t *testing.T) {
	t.Parallel()
	t.Run("calls nothing without the money for the worst case", func(t *testing.T) {
		t.Parallel()
		a := says("a", "ok")
		_, err := router(t, newPurse(1000), priced(a)).Complete(t.Context(), ask("hello"), model.Account{})
		require.ErrorIs(t, err, model.ErrBudget)
		require.ErrorContains(t, err, "day")
		require.Zero(t, a.calls())
	})

	t.Run("takes a cheaper model when the money is too little", func(t *testing.T) {
		t.Parallel()
		dear := priced(says("dear", "d"))
		dear.Price.InputUSD, dear.Kinds = 100, []string{model.KindUnderstand}
		response, err := router(t, newPurse(5000), dear, priced(says("cheap", "c"))).Complete(t.Context(), ask("hello"), model.Account{})
		require.NoError(t, err)
		require.Equal(t, "cheap", response.Provider)
	})

	t.Run("calls nothing when the ledger is not there", func(t *testing.T) {
		t.Parallel()
		a := says("a", "ok")
		purse := newPurse(aDollar)
		purse.broken = errors.New("no connection")
		_, err := router(t, purse, priced(a), priced(says("b", "ok"))).Complete(t.Context(), ask("hello"), model.Account{})
		require.ErrorIs(t, err, model.ErrLedger)
		require.Zero(t, a.calls())
	})

	for name, c := range map[string]struct {
		answer model.Answer
		err    error
		want   int64
	}{
		"what was used":                          {answer: metered("ok"), want: 120},
		"what was reserved, at most":             {answer: model.Answer{Text: "ok", InputTokens: 1 << 40, Metered: true}, want: reserved},
		"what was reserved, of an absurd number": {answer: model.Answer{Text: "ok", InputTokens: -5, Metered: true}, want: reserved},
		"what was reserved, of an unknown use":   {answer: model.Answer{Text: "ok"}, want: reserved},
		"what a refusal used":                    {answer: metered(""), err: &model.CallError{Kind: model.ErrRefused}, want: 120},
		"nothing, when no work was done":         {err: &model.CallError{Kind: model.ErrRejected, Unpaid: true}, want: 0},
		"what was reserved, of a broken stream":  {err: &model.CallError{Kind: model.ErrTooLarge}, want: reserved},
	} {
		t.Run("charges "+name, func(t *testing.T) {
			t.Parallel()
			purse := newPurse(aDollar)
			a := &oracle{name: "a", answer: func(context.Context, int, model.Request) (model.Answer, error) { return c.answer, c.err }}
			_, err := router(t, purse, priced(a)).Complete(t.Context(), ask("hello"), model.Account{})
			require.ErrorIs(t, err, c.err)
			held, spent := purse.state()
			require.Zero(t, held)
			require.Equal(t, c.want, spent)
		})
	}

	t.Run("refuses a model without a price or a ledger that is none", func(t *testing.T) {
		t.Parallel()
		m := priced(says("a", "ok"))
		m.Price = model.Price{}
		_, err := model.New(model.Config{Models: []model.Model{m}, Ledger: newPurse(1)})
		require.ErrorContains(t, err, "price")
		_, err = model.New(model.Config{})
		require.ErrorContains(t, err, "ledger")
	})
}

// reserved is the worst case of ask("hello") at the price of priced: five bytes
// and what vendors add, and 50 tokens at two micros.
const reserved = 5 + 1024 + 16 + 2*50

func TestPrices(t *testing.T) {
	t.Parallel()
	prices, err := model.Prices()
	require.NoError(t, err)
	require.NotEmpty(t, prices)
	for id, p := range prices {
		require.Positive(t, p.InputUSD, id)
		require.GreaterOrEqual(t, p.OutputUSD, p.InputUSD, id)
		require.GreaterOrEqual(t, p.Window, 8000, id)
		_, err := time.Parse(time.DateOnly, p.Date)
		require.NoError(t, err, id)
		require.Contains(t, p.Source, "https://", id)
	}
}
