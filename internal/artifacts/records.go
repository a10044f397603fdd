package artifacts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aegisworld/aegis"
)

// history is where records come from.
type history interface {
	ChangeSet(ctx context.Context, id string) (aegis.AutonomousChangeSet, error)
	Trace(ctx context.Context, id string) (aegis.TaskTrace, error)
}

// Records keeps what became of each change set, and its trace, when it ends.
// Both are as the API shows them: secrets in diffs are masked before they are
// stored anywhere. It takes the stream of events, so that none is left out.
type Records struct {
	Objects objects
	History history
}

// Name is the sink's name.
func (r Records) Name() string { return "artifacts" }

// ended are the events after which a change set does not change.
func ended(event aegis.Event) bool {
	return event.Kind == "change_set" && slices.Contains([]string{
		"change_set.promoted", "change_set.denied", "change_set.rolled_back", "change_set.failed", "change_set.cancelled",
	}, event.Type)
}

// Send keeps the records of the change sets that ended. Keeping one twice is
// keeping it once.
func (r Records) Send(ctx context.Context, events []aegis.Event) error {
	for _, event := range events {
		if !ended(event) {
			continue
		}
		if err := r.keep(ctx, event); err != nil {
			return fmt.Errorf("keep the records of %s: %w", event.ID, err)
		}
	}
	return nil
}

func (r Records) keep(ctx context.Context, event aegis.Event) error {
	cs, err := r.History.ChangeSet(ctx, event.ID)
	if errors.Is(err, aegis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	day := event.At.UTC().Format("2006/01/02/")
	if err := r.write(ctx, "change-sets/"+day+cs.ChangeSetID+".json", cs); err != nil {
		return err
	}
	trace, err := r.History.Trace(ctx, cs.TraceID)
	if errors.Is(err, aegis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.write(ctx, "traces/"+day+trace.TraceID+".json", trace)
}

func (r Records) write(ctx context.Context, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return r.Objects.Write(ctx, key, append(text, '\n'))
}
