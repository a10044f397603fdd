package drift

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift/trail"
)

// eventStore keeps what the cloud told.
type eventStore interface {
	// SaveCloudEvents keeps the events that are new and asks for a look at the
	// stacks that they are about.
	SaveCloudEvents(ctx context.Context, events []aegis.CloudEvent) (accepted int, err error)
}

// Intake takes in what CloudTrail tells, in any order and any number of times.
type Intake struct {
	store     eventStore
	accountID string
	parser    *trail.Parser
}

// NewIntake makes an intake for one account; "" takes events of every account.
func NewIntake(store eventStore, accountID string) *Intake {
	return &Intake{store: store, accountID: accountID, parser: trail.New()}
}

// TakeEvents takes in a body of any shape that trail.Parse reads. Once it
// returns without an error, nothing of it is lost. The error matches
// aegis.ErrInvalid when the body has no such shape.
func (i *Intake) TakeEvents(ctx context.Context, body []byte) (aegis.EventCounts, error) {
	batch, err := i.parser.Parse(body)
	if err != nil {
		return aegis.EventCounts{}, fmt.Errorf("read events: %w", err)
	}
	counts := aegis.EventCounts{Ignored: batch.Ignored, Malformed: batch.Malformed}
	events := batch.Events[:0]
	for _, e := range batch.Events {
		if i.accountID != "" && e.AccountID != "" && e.AccountID != i.accountID {
			counts.Ignored++
			continue
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return counts, nil
	}
	if counts.Accepted, err = i.store.SaveCloudEvents(ctx, events); err != nil {
		return aegis.EventCounts{}, fmt.Errorf("keep events: %w", err)
	}
	counts.Duplicate = len(events) - counts.Accepted
	return counts, nil
}
