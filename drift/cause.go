package drift

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

const (
	// readSlack is how long before a read began a change may have been made that
	// it did not see: the read's own duration, and the cloud's late answers.
	readSlack = 2 * time.Minute
	// clockSlack is how far the cloud's clock may be ahead.
	clockSlack = 5 * time.Second
	// eventLife is how long events are kept.
	eventLife = 7 * 24 * time.Hour
)

// candidates are the events of the time since the one given, or of all that is
// kept, that name what departs; newest first.
func (r *Reconciler) candidates(ctx context.Context, stackID string, found []departure, since, until time.Time) ([]aegis.CloudEvent, error) {
	var keys []string
	for _, d := range found {
		keys = append(keys, d.resource.Keys()...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	slices.Sort(keys)
	if oldest := until.Add(-eventLife); since.Before(oldest) {
		since = oldest
	}
	events, err := r.store.CloudEvents(ctx, stackID, slices.Compact(keys), since.Add(-readSlack), until.Add(clockSlack))
	if err != nil {
		return nil, fmt.Errorf("look for the cause of drift of stack %s: %w", stackID, err)
	}
	return events, nil
}

// causeOf is the newest of the events, newest first, that explains the
// departure best and happened between the times. One of others comes before
// the autopilot's own, which left the resource as asked for.
func causeOf(d departure, events []aegis.CloudEvent, since, until time.Time) aegis.DriftCause {
	best, bestScore := -1, 0
	for i, e := range events {
		if e.At.Before(since) || e.At.After(until) || !e.Means(d.resource) {
			continue
		}
		if score := fit(d, e); score > bestScore {
			best, bestScore = i, score
		}
	}
	if best < 0 {
		return unknownCause(d)
	}
	return eventCause(events[best])
}

// fit says how well an event explains a departure; 0 is not at all.
func fit(d departure, e aegis.CloudEvent) int {
	tags := d.Attribute == "tags" || strings.HasPrefix(d.Attribute, "tags.") || strings.HasPrefix(d.Attribute, "tags_all")
	score := 1
	switch {
	case tagging(e.Name) != tags:
		if !tags {
			return 0
		}
	case d.kind == aegis.DriftDeleted && !removing(e.Name):
	default:
		score = 2
	}
	if !e.Own {
		score += 2
	}
	return score
}

func tagging(name string) bool {
	return strings.Contains(name, "Tag") && !strings.Contains(name, "Mutability")
}

func removing(name string) bool {
	for _, verb := range []string{"Delete", "Terminate", "Release", "Revoke", "Remove", "Detach", "Disassociate", "Deregister", "Schedule", "Unsubscribe"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

func eventCause(e aegis.CloudEvent) aegis.DriftCause {
	at, actor := e.At, e.Actor
	c := aegis.DriftCause{
		Kind: aegis.CauseEvent, Actor: &actor, EventID: e.EventID, EventSource: e.Source, EventName: e.Name, At: &at,
	}
	if e.Own {
		c.Kind, c.ChangeSetID = aegis.CauseChangeSet, e.ChangeSetID
		c.Group = fingerprint(c.Kind, e.ChangeSetID, e.Source, e.Name)
		return c
	}
	who := actor.ARN
	if actor.Session != "" {
		who = strings.TrimSuffix(who, "/"+actor.Session) // one role is one cause, whoever assumed it
	}
	if who == "" {
		who = actor.Principal
	}
	c.Group = fingerprint(c.Kind, who, e.Source, e.Name)
	return c
}

// unknownCause groups by what drifted: what a provider's new version does to
// many stacks is one cause.
func unknownCause(d departure) aegis.DriftCause {
	top, _, _ := strings.Cut(d.Attribute, ".")
	return aegis.DriftCause{Kind: aegis.CauseUnknown, Group: fingerprint(aegis.CauseUnknown, string(d.kind), d.Type, top)}
}

// fingerprint is 16 characters that are the same for the same parts.
func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
