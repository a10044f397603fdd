package tool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/policies"
)

const inputSchema = `{"type":"object","properties":{"n":{"type":"integer","maximum":9},"text":{"type":"string"}},"additionalProperties":false}`

const outputSchema = `{"type":"object","properties":{"said":{}},"required":["said"],"additionalProperties":false}`

// answering is a tool that reads, and counts its calls.
func answering(name string, calls *atomic.Int32, run func(ctx context.Context, by tool.Caller, in json.RawMessage) (json.RawMessage, error)) tool.Tool {
	return tool.Tool{
		Tool: aegis.Tool{
			Name: name, Effect: aegis.ToolReads, Scope: "estate", Source: "aegis", CostUSD: 0.0000015,
			Input: json.RawMessage(inputSchema), Output: json.RawMessage(outputSchema),
		},
		Run: func(ctx context.Context, by tool.Caller, in json.RawMessage) (json.RawMessage, error) {
			calls.Add(1)
			return run(ctx, by, in)
		},
	}
}

func said(value any) func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
	return func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
		return json.Marshal(map[string]any{"said": value})
	}
}

// gate is the shipped policy.
func gate(tb testing.TB) *policies.Gate {
	tb.Helper()
	g, err := policies.NewGate(tb.Context(), policies.Options{})
	require.NoError(tb, err)
	return g
}

// allows grants what it is told.
type allows struct {
	policy aegis.ExecutionPolicy
	err    error
	asked  []aegis.ToolInput
}

func (a *allows) PermitTool(_ context.Context, in aegis.ToolInput) (aegis.ExecutionPolicy, error) {
	a.asked = append(a.asked, in)
	return a.policy, a.err
}

func registry(tb testing.TB, tools ...tool.Tool) *tool.Registry {
	tb.Helper()
	r, err := tool.New(tool.Config{Tools: tools, Permits: &permissive{}})
	require.NoError(tb, err)
	return r
}

func planner() tool.Caller {
	return tool.Caller{Agent: "planner", GoalID: "goal-1", Submitter: "ann", Used: map[string]int{}}
}

func TestCallAnswers(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	var seen string
	r := registry(t, answering("say", &calls, func(_ context.Context, by tool.Caller, in json.RawMessage) (json.RawMessage, error) {
		seen = by.Agent + string(in)
		return json.RawMessage(`{"said": [1.50, "x"]}`), nil
	}))
	got, err := r.Call(t.Context(), planner(), "say", json.RawMessage(` {"n": 3, "n": 4} `))
	require.NoError(t, err)
	require.JSONEq(t, `{"said":[1.50,"x"]}`, string(got.Output))
	require.EqualValues(t, 2, got.CostMicros, "rounded up")
	require.Equal(t, `planner{"n":4}`, seen, "as it was checked")
	_, err = r.Call(t.Context(), planner(), "say", nil)
	require.NoError(t, err)
	require.Equal(t, `planner{}`, seen)
}

func TestRefusalsNeverRun(t *testing.T) {
	t.Parallel()
	shipped, expired := gate(t), time.Now().Add(-time.Second)
	open := func(scope aegis.BreakerScope, key string, more func(*aegis.Breaker)) func(*tool.Config, *tool.Caller) {
		return func(c *tool.Config, _ *tool.Caller) {
			b := aegis.Breaker{Scope: scope, Key: key, Open: true, Reason: "it lies"}
			if more != nil {
				more(&b)
			}
			c.Breakers = listed{all: []aegis.Breaker{b}}
		}
	}
	for name, test := range map[string]struct {
		edit  func(*tool.Config, *tool.Caller)
		tool  string
		input string
		want  error
		says  string
	}{
		"unknown":             {tool: "shout", want: tool.ErrUnknown, says: `"shout"`},
		"not the agent's":     {edit: func(_ *tool.Config, by *tool.Caller) { by.Tools = []string{"other"} }, want: tool.ErrRefused, says: "among the tools"},
		"no tools at all":     {edit: func(_ *tool.Config, by *tool.Caller) { by.Tools = []string{} }, want: tool.ErrRefused},
		"too long":            {input: `{"text":"` + strings.Repeat("a", 64<<10) + `"}`, want: tool.ErrInput, says: "65536"},
		"no JSON":             {input: `{`, want: tool.ErrInput, says: "not JSON"},
		"more than JSON":      {input: `{} {}`, want: tool.ErrInput, says: "not JSON"},
		"no object":           {input: `[]`, want: tool.ErrInput, says: "not a JSON object"},
		"not UTF-8":           {input: "{\"text\":\"\xff\"}", want: tool.ErrInput, says: "UTF-8"},
		"not by the schema":   {input: `{"n":10}`, want: tool.ErrInput, says: "/n"},
		"with more fields":    {input: `{"m":1}`, want: tool.ErrInput, says: "m"},
		"breaker open":        {edit: open(aegis.BreakerTool, "say", nil), want: tool.ErrRefused, says: "it lies"},
		"breaker of another":  {edit: open(aegis.BreakerTool, "other", nil)},
		"breaker of an agent": {edit: open(aegis.BreakerAgent, "say", nil)},
		"breaker closed":      {edit: open(aegis.BreakerTool, "say", func(b *aegis.Breaker) { b.Open = false })},
		"breaker expired":     {edit: open(aegis.BreakerTool, "say", func(b *aegis.Breaker) { b.ExpiresAt = &expired })},
		"breakers not known":  {edit: func(c *tool.Config, _ *tool.Caller) { c.Breakers = listed{err: errors.New("no database")} }, want: tool.ErrRefused, says: "not known now"},
		"policy denies":       {edit: func(c *tool.Config, _ *tool.Caller) { c.Permits = &allows{err: errors.New("no: not at night")} }, want: tool.ErrRefused, says: "not at night"},
		"policy says nothing": {edit: func(c *tool.Config, _ *tool.Caller) { c.Permits = &allows{} }, want: tool.ErrRefused, says: "no call of say"},
		"no policy":           {edit: func(c *tool.Config, _ *tool.Caller) { c.Permits = (*policies.Gate)(nil) }, want: tool.ErrRefused, says: "no policy bundle"},
		"used up": {edit: func(c *tool.Config, by *tool.Caller) {
			c.Permits, by.Used = &allows{policy: aegis.ExecutionPolicy{ToolAllowances: map[string]int{"say": 2}}}, map[string]int{"say": 2}
		}, want: tool.ErrRefused, says: "2 were made"},
		"the last": {edit: func(c *tool.Config, by *tool.Caller) {
			c.Permits, by.Used = &allows{policy: aegis.ExecutionPolicy{ToolAllowances: map[string]int{"say": 2}}}, map[string]int{"say": 1}
		}},
		"none of the regions": {edit: func(c *tool.Config, by *tool.Caller) {
			c.Permits = &allows{policy: aegis.ExecutionPolicy{ToolAllowances: map[string]int{"say": -1}, NetworkScope: aegis.NetworkScope{Regions: []string{"us-east-1"}}}}
			by.Regions = []string{"eu-west-1"}
		}, want: tool.ErrRefused, says: "none of the regions"},
		"none of the stacks": {edit: func(c *tool.Config, by *tool.Caller) {
			c.Permits = &allows{policy: aegis.ExecutionPolicy{ToolAllowances: map[string]int{"say": -1}, DataScope: aegis.DataScope{StackIDs: []string{"a"}}}}
			by.StackIDs = []string{"b"}
		}, want: tool.ErrRefused, says: "none of the stacks"},
		"unavailable": {edit: func(c *tool.Config, _ *tool.Caller) { c.Tools[0].Unavailable = "the server is away" }, want: tool.ErrRefused, says: "the server is away"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			config := tool.Config{Tools: []tool.Tool{answering("say", &calls, said("x"))}, Permits: shipped}
			by := planner()
			if test.edit != nil {
				test.edit(&config, &by)
			}
			r, err := tool.New(config)
			require.NoError(t, err)
			called := "say"
			if test.tool != "" {
				called = test.tool
			}
			_, err = r.Call(t.Context(), by, called, json.RawMessage(test.input))
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.says)
			require.Less(t, len(err.Error()), 500)
			require.Zero(t, calls.Load())
		})
	}
}

type listed struct {
	all []aegis.Breaker
	err error
}

func (l listed) Breakers(context.Context) ([]aegis.Breaker, error) { return l.all, l.err }

func TestToolsThatMisbehave(t *testing.T) {
	t.Parallel()
	ignored := make(chan struct{})
	t.Cleanup(func() { close(ignored) })
	type run = func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error)
	for name, test := range map[string]struct {
		run  run
		says string
	}{
		"hangs": {func(ctx context.Context, _ tool.Caller, _ json.RawMessage) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, "in time"},
		"hangs whatever it is told": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			<-ignored
			return nil, nil
		}, "in time"},
		"panics": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			panic("password=hunter2")
		}, "it broke"},
		"ends its goroutine": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			runtime.Goexit()
			return nil, nil
		}, "it broke"},
		"fails": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return nil, errors.New("no such\npage\x1b[2J token=abcdefgh1")
		}, "no such page[2J token=[secret]"},
		"fails at length": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return nil, errors.New(strings.Repeat("é", 1<<20))
		}, "é…"},
		"answers 100 MiB": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return bytes.Repeat([]byte(" "), 100<<20), nil
		}, "104857600 bytes"},
		"answers nothing": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) { return nil, nil }, "does not fit"},
		"answers no JSON": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage("<html>"), nil
		}, "not JSON"},
		"answers null": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage("null"), nil
		}, "not a JSON object"},
		"lies of its schema": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`{"says":1}`), nil
		}, "does not fit its schema"},
		"answers no UTF-8": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage("{\"said\":\"\xff\"}"), nil
		}, "UTF-8"},
		"nests without an end": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`{"said":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"), nil
		}, "not JSON"},
		"grows when scrubbed": {func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
			return json.Marshal(map[string]any{"said": map[string]any{"token": strings.Split(strings.Repeat("a,", 40_000), ",")}})
		}, "bytes, more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			bad := answering("bad", &calls, test.run)
			bad.Timeout = 10 * time.Second
			if strings.HasPrefix(name, "hangs") {
				bad.Timeout = 20 * time.Millisecond
			}
			got, err := registry(t, bad).Call(t.Context(), planner(), "bad", nil)
			require.ErrorIs(t, err, tool.ErrFailed)
			require.ErrorContains(t, err, test.says)
			require.NotContains(t, err.Error(), "hunter2")
			require.Less(t, len(err.Error()), 500)
			require.Empty(t, got.Output)
			require.EqualValues(t, 2, got.CostMicros, "it was called")
			require.EqualValues(t, 1, calls.Load())
		})
	}
}

func TestCallsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	ignored := make(chan struct{})
	t.Cleanup(func() { close(ignored) })
	var calls atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	r := registry(t, answering("bad", &calls, func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
		cancel()
		<-ignored
		return nil, nil
	}))
	_, err := r.Call(ctx, planner(), "bad", nil)
	require.ErrorIs(t, err, tool.ErrFailed)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAToolThatNeverEndsIsLeftAloneInTheEnd(t *testing.T) {
	t.Parallel()
	ignored := make(chan struct{})
	var calls atomic.Int32
	bad := answering("bad", &calls, func(context.Context, tool.Caller, json.RawMessage) (json.RawMessage, error) {
		<-ignored
		return json.RawMessage(`{"said":1}`), nil
	})
	bad.Timeout = time.Millisecond
	r := registry(t, bad)
	for range 16 {
		_, err := r.Call(t.Context(), planner(), "bad", nil)
		require.ErrorIs(t, err, tool.ErrFailed)
	}
	_, err := r.Call(t.Context(), planner(), "bad", nil)
	require.ErrorIs(t, err, tool.ErrRefused)
	require.EqualValues(t, 16, calls.Load())
	close(ignored)
	require.Eventually(t, func() bool {
		_, err := r.Call(t.Context(), planner(), "bad", nil)
		return err == nil
	}, 10*time.Second, time.Millisecond)
}

func TestAnswersAreScrubbed(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	key := "AK" + "IAIOSFODNN7EXAMPLE"
	r := registry(t, answering("say", &calls, said(map[string]any{
		"text": "use " + key + " now\x00\u202e\u200b", "db_password": "hunter2", "password": []any{"a", map[string]any{"x": "y"}},
		"list": []any{"postgres://u:p@db/x", 7, nil, true}, key: "under a key", "id": "vpc-0012345678", "mail": "ann@example.com",
		"long": strings.Repeat("word ", 20_000), "aws_key\x00": 1, "aws_key": 2,
	})))
	got, err := r.Call(t.Context(), planner(), "say", nil)
	require.NoError(t, err)
	var out struct {
		Said map[string]any `json:"said"`
	}
	require.NoError(t, json.Unmarshal(got.Output, &out))
	require.Equal(t, "use [aws_key] now", out.Said["text"])
	require.Equal(t, "[secret]", out.Said["db_password"])
	require.Equal(t, []any{"postgres://[credentials]@db/x", 7.0, nil, true}, out.Said["list"])
	require.Equal(t, "under a key", out.Said["[aws_key]"])
	require.Equal(t, "vpc-0012345678", out.Said["id"])
	require.Len(t, out.Said["long"], 100_000)
	require.EqualValues(t, 2, out.Said["aws_key"])
	require.EqualValues(t, 1, out.Said["aws_key_2"])
	require.NotContains(t, string(got.Output), key)
	require.NotContains(t, string(got.Output), "hunter2")
}

func TestAnswersHoldNoControlCharacters(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	rapid.Check(t, func(t *rapid.T) {
		value := map[string]any{rapid.String().Draw(t, "key"): rapid.SliceOf(rapid.String()).Draw(t, "texts")}
		r, err := tool.New(tool.Config{Tools: []tool.Tool{answering("say", &calls, said(value))}, Permits: &permissive{}})
		require.NoError(t, err)
		got, err := r.Call(context.Background(), planner(), "say", nil)
		require.NoError(t, err)
		var out struct {
			Said map[string][]string `json:"said"`
		}
		require.NoError(t, json.Unmarshal(got.Output, &out))
		for key, texts := range out.Said {
			for _, text := range append(texts, key) {
				require.NotContains(t, text, "\x00")
				require.NotContains(t, text, "\x1b")
				require.NotContains(t, text, "\u202e")
			}
		}
	})
}

func TestPolicyNarrowsTheCaller(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	var got tool.Caller
	fetch := answering("fetch", &calls, func(_ context.Context, by tool.Caller, _ json.RawMessage) (json.RawMessage, error) {
		got = by
		return json.RawMessage(`{"said":1}`), nil
	})
	fetch.Effect = aegis.ToolFetches
	policy := &allows{policy: aegis.ExecutionPolicy{
		ToolAllowances: map[string]int{"fetch": 1},
		NetworkScope:   aegis.NetworkScope{Hosts: []string{"api.corp.example", "*.eu.other.example", "evil.example"}, Regions: []string{"eu-west-1", "us-east-1"}},
		DataScope:      aegis.DataScope{StackIDs: []string{"a"}},
	}}
	r, err := tool.New(tool.Config{Tools: []tool.Tool{fetch}, Permits: policy})
	require.NoError(t, err)
	by := planner()
	by.Hosts, by.Regions, by.Layers = []string{"*.corp.example", "*.other.example", "x.eu.other.example"}, []string{"eu-west-1", "ap-southeast-1"}, []string{"data"}
	_, err = r.Call(t.Context(), by, "fetch", nil)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"api.corp.example", "*.eu.other.example", "x.eu.other.example"}, got.Hosts)
	require.Equal(t, []string{"eu-west-1"}, got.Regions)
	require.Equal(t, []string{"a"}, got.StackIDs)
	require.Equal(t, []string{"data"}, got.Layers)
	require.Equal(t, aegis.ToolFacts{Name: "fetch", Effect: "fetch", Scope: "estate", Source: "aegis", CostUSD: 0.0000015}, policy.asked[0].Tool)
	require.Equal(t, aegis.ToolGoal{GoalID: "goal-1", Submitter: "ann"}, policy.asked[0].Goal)
	require.Equal(t, by.Layers, policy.asked[0].Agent.Envelope.Layers)

	by.Hosts = []string{"corp.example"}
	_, err = r.Call(t.Context(), by, "fetch", nil)
	require.ErrorIs(t, err, tool.ErrRefused, "no host in common")
}

// TestShippedPolicy has the shipped rules over random callers: what they don't allow
// is not run.
func TestShippedPolicy(t *testing.T) {
	t.Parallel()
	g := gate(t)
	rapid.Check(t, func(t *rapid.T) {
		var calls atomic.Int32
		x := answering("x", &calls, said(1))
		x.Effect = rapid.SampledFrom([]aegis.ToolEffect{aegis.ToolReads, aegis.ToolPlans, aegis.ToolFetches, aegis.ToolRuns}).Draw(t, "effect")
		x.Source = rapid.SampledFrom([]string{"aegis", "mcp:github"}).Draw(t, "source")
		by := planner()
		by.Tools = rapid.SampledFrom([][]string{nil, {"x"}, {"y"}, {}}).Draw(t, "tools")
		by.Hosts = rapid.SampledFrom([][]string{nil, {"a.example"}}).Draw(t, "hosts")
		by.Used["x"] = rapid.IntRange(0, 30).Draw(t, "used")
		r, err := tool.New(tool.Config{Tools: []tool.Tool{x}, Permits: g})
		require.NoError(t, err)
		_, err = r.Call(context.Background(), by, "x", nil)

		names := len(by.Tools) > 0 && by.Tools[0] == "x"
		most := map[aegis.ToolEffect]int{aegis.ToolFetches: 20, aegis.ToolRuns: 10}[x.Effect]
		want := (by.Tools == nil || names) && (names || x.Source == "aegis" && x.Effect != aegis.ToolRuns) &&
			(x.Effect != aegis.ToolFetches || by.Hosts != nil) && (most == 0 || by.Used["x"] < most)
		require.Equal(t, want, err == nil, "%v", err)
		require.Equal(t, want, calls.Load() == 1)
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	good := func() tool.Tool { return answering("good", &calls, said(1)) }
	for says, edit := range map[string]func(*tool.Config){
		"Permits":        func(c *tool.Config) { c.Permits = nil },
		"twice":          func(c *tool.Config) { c.Tools = append(c.Tools, good()) },
		"its name":       func(c *tool.Config) { c.Tools[0].Name = "a b" },
		"its effect":     func(c *tool.Config) { c.Tools[0].Effect = "apply" },
		"can't be run":   func(c *tool.Config) { c.Tools[0].Run = nil },
		"input schema":   func(c *tool.Config) { c.Tools[0].Input = nil },
		"of type object": func(c *tool.Config) { c.Tools[0].Input = json.RawMessage(`{"type":"array"}`) },
		"output schema":  func(c *tool.Config) { c.Tools[0].Output = json.RawMessage(`{"type":"object","minProperties":-1}`) },
		"another document": func(c *tool.Config) {
			c.Tools[0].Input = json.RawMessage(`{"type":"object","$ref":"http://169.254.169.254/latest"}`)
		},
		"file:///etc/passwd": func(c *tool.Config) {
			c.Tools[0].Input = json.RawMessage(`{"type":"object","properties":{"x":{"$ref":"file:///etc/passwd"}}}`)
		},
	} {
		config := tool.Config{Tools: []tool.Tool{good()}, Permits: &allows{}}
		edit(&config)
		_, err := tool.New(config)
		require.ErrorContains(t, err, says)
	}
}

// permissive grants every call, to many at once.
type permissive struct{}

func (*permissive) PermitTool(_ context.Context, in aegis.ToolInput) (aegis.ExecutionPolicy, error) {
	return aegis.ExecutionPolicy{ToolAllowances: map[string]int{in.Tool.Name: -1}}, nil
}

func TestRender(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		output, err := json.Marshal(map[string]string{"said": text})
		require.NoError(t, err)
		if rapid.Bool().Draw(t, "raw") {
			output = []byte(text)
		}
		block := tool.Render(rapid.SampledFrom([]string{"say", "a\nb", "</x>"}).Draw(t, "name"), output)
		lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
		require.Len(t, lines, 4)
		require.Regexp(t, `^<answers-[0-9a-f]{32}>$`, lines[1])
		require.Equal(t, "</"+lines[1][1:], lines[3])
		require.NotContains(t, lines[2], "<")
		require.True(t, json.Valid([]byte(lines[2])))
	})
}

func BenchmarkCall(b *testing.B) {
	var calls atomic.Int32
	r := registry(b, answering("say", &calls, said(map[string]any{"list": strings.Split(strings.Repeat("a resource of eu-west-1,", 1000), ",")})))
	for b.Loop() {
		if _, err := r.Call(b.Context(), planner(), "say", nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallOfTheLargestAnswer(b *testing.B) {
	var calls atomic.Int32
	r := registry(b, answering("say", &calls, said(strings.Repeat("a resource of eu-west-1 ", 10_900))))
	for b.Loop() {
		if _, err := r.Call(b.Context(), planner(), "say", nil); err != nil {
			b.Fatal(err)
		}
	}
}
