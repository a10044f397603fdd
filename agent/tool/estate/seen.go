package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// maxStacks bounds how many stacks are looked at for one answer.
const maxStacks = 10_000

// sees says that a caller may look at a stack.
func sees(by tool.Caller, s aegis.Stack) bool { return by.Sees(s.StackID, s.Layer, s.Region) }

// within says that a list has an item; an empty one has all.
func within(list []string, item string) bool { return len(list) == 0 || slices.Contains(list, item) }

// limited says that a caller may not look at everything.
func limited(by tool.Caller) bool { return len(by.Regions)+len(by.Layers)+len(by.StackIDs) > 0 }

// stack reads a stack that the caller may look at. What it may not is not there.
func (t tools) stack(ctx context.Context, by tool.Caller, id string) (aegis.Stack, error) {
	s, err := t.Stacks.Stack(ctx, id)
	if err != nil {
		return aegis.Stack{}, err
	}
	if !sees(by, s) {
		return aegis.Stack{}, fmt.Errorf("read stack %s: %w", id, aegis.ErrNotFound)
	}
	return s, nil
}

// stacks are those that the caller may look at, by id.
func (t tools) stacks(ctx context.Context, by tool.Caller) ([]aegis.Stack, error) {
	var seen []aegis.Stack
	for cursor, looked := "", 0; looked < maxStacks; {
		found, next, err := t.Stacks.Stacks(ctx, aegis.Page{Limit: 500, Cursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if sees(by, s) {
				seen = append(seen, s)
			}
		}
		looked += len(found)
		if cursor = next; next == "" {
			break
		}
	}
	slices.SortFunc(seen, func(a, b aegis.Stack) int { return strings.Compare(a.StackID, b.StackID) })
	return seen, nil
}

// lookup tells of a caller's stacks by their ids; nil sees every id.
type lookup map[string]bool

// lookup are the ids that the caller may look at.
func (t tools) lookup(ctx context.Context, by tool.Caller) (lookup, error) {
	if !limited(by) {
		return nil, nil //nolint:nilnil // everything is seen
	}
	stacks, err := t.stacks(ctx, by)
	if err != nil {
		return nil, err
	}
	ids := lookup{}
	for _, s := range stacks {
		ids[s.StackID] = true
	}
	return ids, nil
}

func (l lookup) sees(stackIDs ...string) bool {
	return l == nil || len(stackIDs) > 0 && !slices.ContainsFunc(stackIDs, func(id string) bool { return !l[id] })
}
