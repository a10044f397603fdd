package searchindex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// maxData bounds an event's data in a document, in bytes: the API has the rest.
const maxData = 256 << 10

// document is what is put into an index of a day. Its id is made of what it is
// about, so that what comes twice is there once.
type document struct {
	kind, id string
	day      time.Time
	body     json.RawMessage
}

type eventDocument struct {
	At     time.Time       `json:"at"`
	Seq    int64           `json:"seq"`
	Kind   string          `json:"kind"`
	ID     string          `json:"id"`
	GoalID string          `json:"goal_id,omitempty"`
	Type   string          `json:"type"`
	Data   json.RawMessage `json:"data"`
	Text   string          `json:"text"`
}

type traceDocument struct {
	aegis.TaskTrace

	At time.Time `json:"at"`
}

type decisionDocument struct {
	At             time.Time             `json:"at"`
	DecisionID     string                `json:"decision_id"`
	ChangeSetID    string                `json:"change_set_id"`
	StackIDs       []string              `json:"stack_ids"`
	BundleRevision string                `json:"bundle_revision"`
	Path           string                `json:"path"`
	InputDigest    string                `json:"input_digest"`
	Outcome        aegis.DecisionOutcome `json:"outcome"`
	Allowed        bool                  `json:"allowed"`
	DeniedBy       []string              `json:"denied_by"`
	WarnedBy       []string              `json:"warned_by"`
	LatencyUS      int64                 `json:"latency_us"`
}

func newDocument(kind, id string, day time.Time, body any) (document, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return document{}, fmt.Errorf("encode document %s of %s: %w", id, kind, err)
	}
	return document{kind: kind, id: id, day: day.UTC().Truncate(24 * time.Hour), body: text}, nil
}

// ofEvent is the document of an event. Its time is that of the event alone, so
// that it lands in the same index whenever it is sent.
func ofEvent(event aegis.Event) (document, error) {
	data := event.Data
	if len(data) > maxData {
		data = json.RawMessage(fmt.Sprintf(`{"truncated":true,"bytes":%d}`, len(data)))
	}
	return newDocument(kindEvent, fmt.Sprint(event.Seq), event.At, eventDocument{
		At: event.At.UTC(), Seq: event.Seq, Kind: event.Kind, ID: event.ID, GoalID: event.GoalID, Type: event.Type,
		Data: data, Text: string(data),
	})
}

// history is where traces and decisions come from.
type history interface {
	ChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error)
	Trace(ctx context.Context, id string) (aegis.TaskTrace, error)
	Decision(ctx context.Context, id string) (aegis.Decision, error)
}

// ended are the events after which a change set does not change.
func ended(event aegis.Event) bool {
	return event.Kind == "change_set" && slices.Contains([]string{
		"change_set.promoted", "change_set.denied", "change_set.rolled_back", "change_set.failed", "change_set.cancelled",
	}, event.Type)
}

// ofChangeSet are the documents of a change set that ended with event; none when
// it is gone.
func ofChangeSet(ctx context.Context, from history, event aegis.Event) ([]document, error) {
	cs, err := from.ChangeSet(ctx, event.ID)
	if err != nil {
		return nil, unlessGone(err)
	}
	var documents []document
	trace, err := from.Trace(ctx, cs.TraceID)
	if err == nil {
		made, err := newDocument(kindTrace, trace.TraceID, event.At, traceDocument{trace, event.At.UTC()})
		if err != nil {
			return nil, err
		}
		documents = append(documents, made)
	} else if unlessGone(err) != nil {
		return nil, err
	}
	if cs.DecisionID == "" {
		return documents, nil
	}
	decision, err := from.Decision(ctx, cs.DecisionID)
	if err != nil {
		return documents, unlessGone(err)
	}
	made, err := newDocument(kindDecision, decision.DecisionID, decision.DecidedAt, summary(decision))
	return append(documents, made), err
}

func unlessGone(err error) error {
	if errors.Is(err, aegis.ErrNotFound) {
		return nil
	}
	return err
}

// summary is a decision without its input, and without the words of its rules,
// which may quote it.
func summary(d aegis.Decision) decisionDocument {
	return decisionDocument{
		At: d.DecidedAt.UTC(), DecisionID: d.DecisionID, ChangeSetID: d.ChangeSetID, StackIDs: d.StackIDs, BundleRevision: d.BundleRevision,
		Path: d.Path, InputDigest: d.InputDigest, Outcome: d.Outcome, Allowed: d.Allowed,
		DeniedBy: codes(d.Result.Deny), WarnedBy: codes(d.Result.Warn), LatencyUS: d.LatencyUS,
	}
}

func codes(rules []aegis.RuleResult) []string {
	found := []string{}
	for _, rule := range rules {
		found = append(found, rule.Code)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
