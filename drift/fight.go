package drift

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// fightRounds corrections of the same thing within fightWindow are a fight:
	// somebody else wants it otherwise.
	fightRounds = 3
	// fightWindow is also how long its breaker stays open.
	fightWindow = time.Hour
)

// breakers are the envelope's.
type breakers interface {
	Breakers(ctx context.Context) ([]aegis.Breaker, error)
	// OpenBreaker returns the one that is open for the same scope and key, if any.
	OpenBreaker(ctx context.Context, b aegis.Breaker) (aegis.Breaker, error)
}

// referee decides about drift of one stack: as policy says, unless the autopilot
// fights over it with somebody.
type referee struct {
	policy   policy
	breakers breakers
	at       time.Time
	stackID  string
	// watched says that nothing of the stack is corrected.
	watched bool

	past  []aegis.DriftReport
	known []aegis.Breaker // of attributes, newest first
}

// study reads what was corrected of late, and which breakers there are.
func (f *referee) study(ctx context.Context, store listing, kinds ...aegis.DriftKind) error {
	if f.stackID == "" || f.watched {
		return nil
	}
	for _, kind := range kinds {
		found, err := corrected(ctx, store, f.stackID, kind, f.at)
		if err != nil {
			return err
		}
		f.past = append(f.past, found...)
	}
	all, err := f.breakers.Breakers(ctx)
	if err != nil {
		return fmt.Errorf("read breakers: %w", err)
	}
	for _, b := range all {
		if b.Scope == aegis.BreakerAttribute && strings.HasPrefix(b.Key, f.stackID+" ") {
			f.known = append(f.known, b)
		}
	}
	return nil
}

// weigh fills in what policy says of a change. One that was corrected too often
// opens the breaker of its attribute, and is left while that is open. address and
// attribute name it in the breaker.
func (f *referee) weigh(ctx context.Context, change *aegis.DriftChange, address, attribute string, seen aegis.DriftedAttribute) error {
	change.Decision, change.Reason = f.policy.DecideDrift(ctx, seen)
	if change.Decision != aegis.CorrectDrift || f.watched {
		return nil
	}
	key := aegis.AttributeKey(f.stackID, address, attribute)
	i := slices.IndexFunc(f.known, func(b aegis.Breaker) bool { return b.Key == key })
	since := time.Time{}
	if i >= 0 {
		b := f.known[i]
		if b.Stops(f.at) {
			leave(change, b)
			return nil
		}
		since = closedAt(b)
	}
	rounds := f.rounds(*change, since)
	if len(rounds) < fightRounds {
		return nil
	}
	b, err := f.open(ctx, key, rounds, seen.Cause)
	if err != nil {
		return err
	}
	leave(change, b)
	return nil
}

func leave(change *aegis.DriftChange, b aegis.Breaker) {
	change.Decision, change.Reason = aegis.ReportDrift, fmt.Sprintf("%s; left while breaker %s is open", b.Reason, b.BreakerID)
}

func closedAt(b aegis.Breaker) time.Time {
	switch {
	case b.ClosedAt != nil:
		return *b.ClosedAt
	case b.ExpiresAt != nil:
		return *b.ExpiresAt
	default:
		return b.OpenedAt
	}
}

// rounds are the corrections of the same attribute of the same thing since then,
// newest first; of an unmanaged resource, of the same part of the same thing.
func (f *referee) rounds(change aegis.DriftChange, since time.Time) []aegis.DriftReport {
	var out []aegis.DriftReport
	for _, r := range f.past {
		if r.ResolvedAt.After(since) && slices.ContainsFunc(r.Changes, func(c aegis.DriftChange) bool { return sameDrift(r.Kind, c, change) }) {
			out = append(out, r)
		}
	}
	return out
}

func sameDrift(kind aegis.DriftKind, a, b aegis.DriftChange) bool {
	return a.Address == b.Address && a.Type == b.Type && a.Attribute == b.Attribute &&
		(kind != aegis.DriftUnmanaged || aegis.SameValue(a.After, b.After))
}

// open opens the breaker of an attribute that is fought over, and names both
// sides.
func (f *referee) open(ctx context.Context, key string, rounds []aegis.DriftReport, cause aegis.DriftCause) (aegis.Breaker, error) {
	others := []string{whose(cause)}
	var sets []string
	for _, r := range rounds {
		others, sets = append(others, whose(r.Cause)), append(sets, r.ChangeSetID)
	}
	slices.Sort(others)
	slices.Sort(sets)
	others = slices.Compact(others)
	if len(others) > 1 { // one who is known is enough
		others = slices.DeleteFunc(others, func(who string) bool { return who == unknownActor })
	}
	expires := f.at.Add(fightWindow)
	b, err := f.breakers.OpenBreaker(ctx, aegis.Breaker{
		BreakerID: aegis.NewID(aegis.BreakerPrefix, f.at), Scope: aegis.BreakerAttribute, Key: key, Open: true,
		Reason: fmt.Sprintf("a fight: the autopilot (%s) corrected it %d times within an hour, and %s changed it again",
			strings.Join(slices.Compact(sets), ", "), len(rounds), strings.Join(others, ", ")),
		OpenedBy: "aegis", OpenedAt: f.at, ExpiresAt: &expires,
	})
	if err != nil {
		return aegis.Breaker{}, fmt.Errorf("open the breaker of %s: %w", key, err)
	}
	f.known = slices.Insert(f.known, 0, b)
	return b, nil
}

const unknownActor = "somebody unknown"

// whose is the name of who did it.
func whose(cause aegis.DriftCause) string {
	return cmp.Or(principalOf(cause), unknownActor)
}
