package estate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/tool"
)

type costsQuery struct {
	Environment string `json:"environment,omitempty" jsonschema:"maxLength=64,description=of all of its stacks; without stack_id it is required"`
	StackID     string `json:"stack_id,omitempty" jsonschema:"maxLength=200"`
	After       string `json:"after,omitempty" jsonschema:"maxLength=200,description=next of the answer before"`
}

type costRow struct {
	StackID  string   `json:"stack_id"`
	USDMonth float64  `json:"usd_month"`
	Unpriced []string `json:"unpriced" jsonschema:"maxItems=50"`
}

type costsAnswer struct {
	// USDMonth is the sum of all stacks asked for, also of those on other pages, for
	// what has a known price: what exists costs, use of it is not counted.
	USDMonth float64   `json:"usd_month"`
	Stacks   []costRow `json:"stacks" jsonschema:"maxItems=50"`
	Next     string    `json:"next"`
}

type parametersQuery struct {
	Layer string `json:"layer" jsonschema:"enum=network,enum=security,enum=data,enum=runtime,enum=edge"`
	Query string `json:"query,omitempty" jsonschema:"maxLength=200,description=words that the path or its description must have"`
	After string `json:"after,omitempty" jsonschema:"maxLength=500,description=next of the answer before"`
}

type parametersAnswer struct {
	Parameters []parameter `json:"parameters" jsonschema:"maxItems=50"`
	Next       string      `json:"next"`
}

type memoryQuery struct {
	Query string   `json:"query" jsonschema:"minLength=1,maxLength=1000"`
	Kinds []string `json:"kinds,omitempty" jsonschema:"maxItems=3,enum=episodic,enum=session,enum=semantic"`
	Limit int      `json:"limit,omitempty" jsonschema:"minimum=1,maximum=50"`
}

type memoryRow struct {
	MemoryID  string    `json:"memory_id"`
	Kind      string    `json:"kind"`
	GoalID    string    `json:"goal_id,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	From      string    `json:"from"`
	CreatedAt time.Time `json:"created_at"`
	Score     float64   `json:"score"`
	Text      string    `json:"text"`
}

type memoryAnswer struct {
	Memories []memoryRow `json:"memories" jsonschema:"maxItems=50"`
}

func (t tools) knowledgeTools() []tool.Tool {
	return []tool.Tool{
		describe(about{name: "get_costs", summary: "Says what a stack, or each stack of an environment, costs a month by list prices, as its spec has it."}, t.getCosts),
		describe(about{name: "stack_parameters", summary: "Documents the parameters that a layer's specs have: types, bounds and forms, by path."}, t.stackParameters),
		describe(about{name: "search_memory", scope: ScopeMemory, summary: "Searches what the agent remembers of this goal and across goals."}, t.searchMemory),
	}
}

func (t tools) getCosts(ctx context.Context, by tool.Caller, in costsQuery) (costsAnswer, error) {
	if in.StackID != "" {
		s, err := t.stack(ctx, by, in.StackID)
		if err != nil {
			return costsAnswer{}, err
		}
		in.Environment = s.Environment
	}
	if in.Environment == "" {
		return costsAnswer{}, aegis.Invalid("environment", "give an environment or a stack_id")
	}
	stacks, err := t.stacks(ctx, by)
	if err != nil {
		return costsAnswer{}, err
	}
	specs, err := t.Stacks.EnvironmentSpecs(ctx, in.Environment)
	if err != nil {
		return costsAnswer{}, err
	}
	priced, err := t.Price(specs)
	if err != nil {
		return costsAnswer{}, fmt.Errorf("price environment %s: %w", in.Environment, err)
	}
	out, rows := costsAnswer{}, []costRow{}
	for _, s := range stacks {
		cost, ok := priced[s.StackID]
		if !ok || in.StackID != "" && s.StackID != in.StackID {
			continue
		}
		out.USDMonth += cost.USDMonth
		rows = append(rows, costRow{StackID: s.StackID, USDMonth: cost.USDMonth, Unpriced: first(cost.Unpriced)})
	}
	if in.StackID != "" && len(rows) == 0 {
		return costsAnswer{}, fmt.Errorf("price stack %s, which has no spec yet or is an adopted one: %w", in.StackID, aegis.ErrNotImplemented)
	}
	out.USDMonth = math.Round(out.USDMonth*100) / 100
	out.Stacks, out.Next = page(rows, in.After, func(r costRow) string { return r.StackID })
	return out, nil
}

func (t tools) stackParameters(_ context.Context, by tool.Caller, in parametersQuery) (parametersAnswer, error) {
	if !within(by.Layers, in.Layer) {
		return parametersAnswer{}, fmt.Errorf("read the parameters of layer %s: %w", in.Layer, aegis.ErrNotFound)
	}
	schema, err := t.Schema(in.Layer)
	if err != nil {
		return parametersAnswer{}, err
	}
	all, err := flatten(schema)
	if err != nil {
		return parametersAnswer{}, fmt.Errorf("read the schema of layer %s: %w", in.Layer, err)
	}
	words := strings.Fields(strings.ToLower(in.Query))
	all = slices.DeleteFunc(all, func(p parameter) bool {
		text := strings.ToLower(p.Path + " " + p.Description)
		return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	})
	found, next := page(all, in.After, func(p parameter) string { return p.Path })
	return parametersAnswer{Parameters: found, Next: next}, nil
}

func (t tools) searchMemory(ctx context.Context, by tool.Caller, in memoryQuery) (memoryAnswer, error) {
	q := memory.Query{AgentID: by.Agent, Shared: by.Memories, Scope: by.GoalID, Text: in.Query, Limit: cmp.Or(in.Limit, 10)}
	for _, kind := range in.Kinds {
		q.Kinds = append(q.Kinds, aegis.MemoryKind(kind))
	}
	found, _, err := t.Memories.Search(ctx, q)
	if err != nil {
		return memoryAnswer{}, err
	}
	out := memoryAnswer{Memories: []memoryRow{}}
	for _, m := range first(found) {
		out.Memories = append(out.Memories, memoryRow{
			MemoryID: m.MemoryID, Kind: string(m.Kind), GoalID: m.Scope, Outcome: string(m.Outcome), From: string(m.Provenance.Source),
			CreatedAt: m.CreatedAt, Score: m.Score, Text: tool.Clip(m.Text, 4*maxValue),
		})
	}
	return out, nil
}
