package secops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/secops/asff"
)

// store keeps incidents.
type store interface {
	// ResourceOwners lists the managed resources that have one of the ids: an ARN or
	// the cloud's id.
	ResourceOwners(ctx context.Context, ids []string) ([]aegis.IndexedResource, error)
	// Dependents are the stacks that read outputs of the given ones, directly or not,
	// without the given ones.
	Dependents(ctx context.Context, stackIDs []string) ([]string, error)
	// UpdateIncidents gives decide the incidents that have one of the findings, and the
	// open ones whose blast radius has one of the resources or stacks, oldest first; and
	// when the newest word of each finding was said, by key. It keeps what
	// decide returns with the events, and the newer words' times, in one transaction and
	// one caller at a time.
	UpdateIncidents(ctx context.Context, findings []aegis.Finding, reach []string,
		decide func(known []aegis.SecurityIncident, said map[string]time.Time) []aegis.IncidentWrite) error
}

// Intake takes in what detectors find, in any order and any number of times.
type Intake struct {
	store     store
	accountID string
	now       func() time.Time
}

// NewIntake makes an intake for one account; "" takes findings of every account.
func NewIntake(store store, accountID string, now func() time.Time) *Intake {
	return &Intake{store: store, accountID: accountID, now: now}
}

// TakeFindings takes in a body of any shape that asff.Parse reads. Once it returns
// without an error, nothing of it is lost. The error matches aegis.ErrInvalid when the
// body has no such shape.
func (i *Intake) TakeFindings(ctx context.Context, body []byte) (aegis.FindingCounts, error) {
	batch, err := asff.Parse(body)
	if err != nil {
		return aegis.FindingCounts{}, fmt.Errorf("read findings: %w", err)
	}
	ignored := batch.Ignored
	findings := slices.DeleteFunc(batch.Findings, func(f aegis.Finding) bool {
		return i.accountID != "" && f.AccountID != "" && f.AccountID != i.accountID
	})
	ignored += len(batch.Findings) - len(findings)
	counts := aegis.FindingCounts{IncidentIDs: []string{}}
	if len(findings) > 0 {
		if counts, err = i.take(ctx, findings); err != nil {
			return aegis.FindingCounts{}, err
		}
	}
	counts.Ignored += ignored
	counts.Malformed = batch.Malformed
	return counts, nil
}

func (i *Intake) take(ctx context.Context, findings []aegis.Finding) (aegis.FindingCounts, error) {
	places, err := i.locate(ctx, findings)
	if err != nil {
		return aegis.FindingCounts{}, err
	}
	var reach []string
	for _, f := range findings {
		reach = slices.Concat(reach, f.Resources, places[f.Key()].stacks)
	}
	var counts aegis.FindingCounts
	err = i.store.UpdateIncidents(ctx, findings, reach, func(known []aegis.SecurityIncident, said map[string]time.Time) []aegis.IncidentWrite {
		d := newDesk(known, said, i.now().UTC())
		d.take(findings, places)
		counts = d.counts
		return d.writes()
	})
	if err != nil {
		return aegis.FindingCounts{}, fmt.Errorf("keep findings: %w", err)
	}
	return counts, nil
}

// place is where a finding is in the estate.
type place struct{ stacks, dependents []string }

// locate finds the stacks that manage what the findings are about, by finding.
func (i *Intake) locate(ctx context.Context, findings []aegis.Finding) (map[string]place, error) {
	var ids []string
	for _, f := range findings {
		for _, r := range f.Resources {
			ids = append(ids, cloudIDs(r)...)
		}
	}
	owners, err := i.store.ResourceOwners(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("find the stacks of findings: %w", err)
	}
	managed := map[string][]string{}
	for _, o := range owners {
		for _, id := range []string{o.ARN, o.ID} {
			managed[id] = append(managed[id], o.StackID)
		}
	}
	places, reached := map[string]place{}, map[string][]string{}
	for _, f := range findings {
		stacks := owned(f, managed)
		at := strings.Join(stacks, " ")
		if _, ok := reached[at]; !ok && len(stacks) > 0 {
			if reached[at], err = i.store.Dependents(ctx, stacks); err != nil {
				return nil, fmt.Errorf("find what depends on %s: %w", at, err)
			}
		}
		places[f.Key()] = place{stacks, reached[at]}
	}
	return places, nil
}

// owned are the stacks that manage a resource of the finding, sorted; stacks are those
// of each id.
func owned(f aegis.Finding, stacks map[string][]string) []string {
	var found []string
	for _, r := range f.Resources {
		for _, id := range cloudIDs(r) {
			found = union(found, stacks[id])
		}
	}
	return found
}

// cloudIDs are what a resource of a finding may be called in a state: its ARN, and an
// id such as i-0abc that the ARN ends with.
func cloudIDs(resource string) []string {
	ids := []string{resource}
	if end := resource[strings.LastIndexAny(resource, ":/")+1:]; end != resource && len(end) > 8 && strings.Contains(end, "-") {
		ids = append(ids, end)
	}
	return ids
}
