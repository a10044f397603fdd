package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// Teardown takes all stacks of the estate away by a change set each: what others
// read after these, what does not depend on one another at once. It may be begun
// again at any point: what is gone stays gone, and change sets that are under way
// are followed. Adopted stacks are left alone.
type Teardown struct {
	// Stacks are those of the estate, what goes first before what it needs.
	Stacks []Leaving

	api *Client
}

// Leaving is one stack of a teardown.
type Leaving struct {
	StackID     string       `json:"stack_id"`
	State       LeavingState `json:"state"`
	ChangeSetID string       `json:"change_set_id,omitempty"`
	// Error says why the stack stays.
	Error string `json:"error,omitempty"`
	// DependsOn are the stacks that go after this one.
	DependsOn []string `json:"depends_on,omitempty"`
	// Remedies are commands without which the stack would not go.
	Remedies []string `json:"remedies,omitempty"`
}

// LeavingState is how far a stack is.
type LeavingState string

// The states of a stack that goes.
const (
	LeavingWaits  LeavingState = "waiting"
	LeavingGoes   LeavingState = "going"
	LeavingGone   LeavingState = "gone"
	LeavingFailed LeavingState = "failed"
)

// Teardown reads what there is to take away, and touches nothing.
func (c *Client) Teardown(ctx context.Context) (*Teardown, error) {
	open, err := c.openChangeSets(ctx)
	if err != nil {
		return nil, err
	}
	t := &Teardown{api: c}
	stacks, err := everyItem(func(p aegis.Page) (List[aegis.Stack], error) { return c.Stacks(ctx, p) })
	if err != nil {
		return nil, err
	}
	for _, s := range stacks {
		if s.Adopted() {
			continue
		}
		one := Leaving{StackID: s.StackID, State: LeavingWaits}
		for _, other := range stacks {
			if s.Needs(other) {
				one.DependsOn = append(one.DependsOn, other.StackID)
			}
		}
		at := slices.IndexFunc(open, func(cs aegis.AutonomousChangeSet) bool { return slices.Contains(cs.Target.StackIDs, s.StackID) })
		switch {
		case at >= 0 && removes(open[at], s.StackID):
			one.State, one.ChangeSetID = LeavingGoes, open[at].ChangeSetID
		case at >= 0 && s.State == aegis.StackPending:
			one.Remedies = []string{"aegis change watch " + open[at].ChangeSetID + "    it is being made: wait, or cancel that"}
		case s.State == aegis.StackPending:
			one.State = LeavingGone
		default:
			if one.Remedies, err = c.protections(ctx, s.StackID); err != nil {
				return nil, err
			}
		}
		t.Stacks = append(t.Stacks, one)
	}
	t.sort()
	return t, nil
}

// Protected are the stacks that would not go; nothing should be begun before
// there are none.
func (t *Teardown) Protected() []Leaving {
	return t.in(func(l Leaving) bool { return len(l.Remedies) > 0 })
}

// Left are the stacks that are not gone.
func (t *Teardown) Left() []Leaving {
	return t.in(func(l Leaving) bool { return l.State != LeavingGone })
}

// Step looks where the change sets are and proposes those whose turn it is. It is
// over when nothing is under way any more.
func (t *Teardown) Step(ctx context.Context) (over bool, err error) {
	over = true
	for i := range t.Stacks {
		if err := t.follow(ctx, &t.Stacks[i]); err != nil {
			return false, err
		}
	}
	for i := range t.Stacks {
		if err := t.begin(ctx, &t.Stacks[i]); err != nil {
			return false, err
		}
		over = over && t.Stacks[i].State != LeavingGoes
	}
	return over, nil
}

func (t *Teardown) follow(ctx context.Context, l *Leaving) error {
	if l.State != LeavingGoes {
		return nil
	}
	cs, err := t.api.ChangeSet(ctx, l.ChangeSetID)
	switch {
	case err != nil:
		return fmt.Errorf("destroy stack %s: %w", l.StackID, err)
	case cs.PromotionState == aegis.StatePromoted:
		l.State = LeavingGone
	case cs.PromotionState.Terminal():
		l.State, l.Error = LeavingFailed, "change set "+cs.ChangeSetID+" "+string(cs.PromotionState)+": "+why(cs)
	}
	return nil
}

// why says what ended a change set.
func why(cs aegis.AutonomousChangeSet) string {
	if len(cs.Denials) == 0 {
		return cs.Error
	}
	messages := make([]string, len(cs.Denials))
	for i, d := range cs.Denials {
		messages[i] = d.Code + ", " + d.Msg
	}
	return strings.Join(messages, "; ")
}

// begin proposes that a stack goes once all that need it are gone.
func (t *Teardown) begin(ctx context.Context, l *Leaving) error {
	needed := slices.ContainsFunc(t.Stacks, func(x Leaving) bool { return x.State != LeavingGone && slices.Contains(x.DependsOn, l.StackID) })
	if l.State != LeavingWaits || needed {
		return nil
	}
	cs, err := t.api.DestroyStack(ctx, l.StackID)
	if errors.Is(err, aegis.ErrInvalid) {
		l.State, l.Error = LeavingFailed, err.Error()
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroy stack %s: %w", l.StackID, err)
	}
	l.State, l.ChangeSetID = LeavingGoes, cs.ChangeSetID
	return nil
}

func (t *Teardown) in(is func(Leaving) bool) []Leaving {
	return slices.DeleteFunc(slices.Clone(t.Stacks), func(l Leaving) bool { return !is(l) })
}

// sort puts what needs others before these.
func (t *Teardown) sort() {
	rest := slices.SortedFunc(slices.Values(t.Stacks), func(a, b Leaving) int { return strings.Compare(a.StackID, b.StackID) })
	t.Stacks = make([]Leaving, 0, len(rest))
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(l Leaving) bool {
			return !slices.ContainsFunc(rest, func(x Leaving) bool { return slices.Contains(x.DependsOn, l.StackID) })
		})
		i = max(i, 0) // a circle is broken anywhere
		t.Stacks = append(t.Stacks, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
}

// protections are the commands that let a stack go, and what has a protection of
// its own in it.
func (c *Client) protections(ctx context.Context, id string) ([]string, error) {
	stack, err := c.Stack(ctx, id)
	if err != nil {
		return nil, err
	}
	var parameters struct {
		Deletable bool                       `json:"deletable"`
		Databases map[string]json.RawMessage `json:"databases"`
		Tables    map[string]json.RawMessage `json:"tables"`
	}
	if stack.Spec != nil {
		if err := json.Unmarshal(stack.Spec.Parameters, &parameters); err != nil {
			return nil, fmt.Errorf("read the parameters of stack %s: %w", id, err)
		}
	}
	var sets []string
	if !parameters.Deletable {
		sets = append(sets, "deletable=true")
	}
	for _, group := range []struct {
		name string
		has  map[string]json.RawMessage
	}{{"databases", parameters.Databases}, {"tables", parameters.Tables}} {
		if kept := protected(group.has); kept != "" {
			sets = append(sets, "'"+group.name+"="+kept+"'")
		}
	}
	if len(sets) == 0 {
		return nil, nil
	}
	return []string{"aegis stack set " + id + " " + strings.Join(sets, " ") + " --watch"}, nil
}

// protected is the patch that makes the things in a map deletable which are not,
// "" when there is none.
func protected(things map[string]json.RawMessage) string {
	kept := make([]string, 0, len(things))
	for _, name := range slices.Sorted(maps.Keys(things)) {
		var thing struct {
			Deletable bool `json:"deletable"`
		}
		if err := json.Unmarshal(things[name], &thing); err == nil && !thing.Deletable {
			kept = append(kept, fmt.Sprintf(`%q:{"deletable":true}`, name))
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return "{" + strings.Join(kept, ",") + "}"
}

// openChangeSets are those that have not ended, newest first.
func (c *Client) openChangeSets(ctx context.Context) ([]aegis.AutonomousChangeSet, error) {
	var open []aegis.AutonomousChangeSet
	for _, state := range []aegis.PromotionState{aegis.StateProposed, aegis.StateCanary, aegis.StateApplying, aegis.StateRollingBack} {
		some, err := everyItem(func(p aegis.Page) (List[aegis.AutonomousChangeSet], error) {
			return c.ChangeSets(ctx, aegis.ChangeSetFilter{State: state}, p)
		})
		if err != nil {
			return nil, err
		}
		open = append(open, some...)
	}
	return open, nil
}

// removes says that a change set destroys the stack.
func removes(cs aegis.AutonomousChangeSet, stackID string) bool {
	return slices.ContainsFunc(cs.Patches, func(p aegis.SpecPatch) bool { return p.StackID == stackID && p.Destroy })
}
