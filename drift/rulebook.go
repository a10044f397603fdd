package drift

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

// ruleStore keeps rules of expected drift.
type ruleStore interface {
	// AddDriftRule returns ErrConflict when there is a rule of the same resource and
	// attribute.
	AddDriftRule(ctx context.Context, rule aegis.DriftRule) error
	DeleteDriftRule(ctx context.Context, id, by string) (aegis.DriftRule, error)
	ListDriftRules(ctx context.Context, stackID string, page aegis.Page) (items []aegis.DriftRule, next string, err error)
	EnqueueReconcile(ctx context.Context, stackID string) error
	EnqueueStock(ctx context.Context, region string) error
}

// reportReader reads drift reports.
type reportReader interface {
	listing
	DriftReport(ctx context.Context, id string) (aegis.DriftReport, error)
}

// Rulebook makes and takes back rules of expected drift. What a rule changes is
// looked at at once.
type Rulebook struct {
	Store interface {
		ruleStore
		reportReader
	}
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (b *Rulebook) now() time.Time {
	if b.Now == nil {
		return time.Now().UTC()
	}
	return b.Now().UTC()
}

// AddRules keeps a rule, or, where it names a report, one for each change of that
// report that fits its address and attribute, where it has any. The rule's
// stack, reason, expiry and author are those of all.
func (b *Rulebook) AddRules(ctx context.Context, rule aegis.DriftRule, attribute *string) ([]aegis.DriftRule, error) {
	if rule.DriftReportID == "" {
		rule.Attribute = "*"
		if attribute != nil {
			rule.Attribute = *attribute
		}
		return b.add(ctx, []aegis.DriftRule{rule}, nil)
	}
	report, err := b.Store.DriftReport(ctx, rule.DriftReportID)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was read
	}
	var made []aegis.DriftRule
	for _, c := range report.Changes {
		r := rule
		r.StackID, r.Attribute = report.StackID, c.Attribute
		address := c.Address
		if report.Kind == aegis.DriftUnmanaged {
			address = aegis.CloudResource{Type: c.Type, ID: c.ResourceID}.Address()
		}
		asked := rule
		asked.StackID, asked.Attribute = report.StackID, c.Attribute
		if rule.Address != "" && !asked.Covers(report.StackID, address, c.Type, c.Attribute) {
			continue
		}
		if attribute != nil {
			asked.Address, asked.Attribute = address, *attribute
			if !asked.Covers(report.StackID, address, c.Type, c.Attribute) {
				continue
			}
			r.Attribute = *attribute
		}
		if rule.Address == "" {
			r.Address = address
		}
		made = append(made, r)
	}
	if len(made) == 0 {
		return nil, aegis.Invalid("drift_report_id", "nothing in the report fits address and attribute")
	}
	if report.Kind == aegis.DriftUnmanaged {
		return b.add(ctx, made, &report.Region)
	}
	return b.add(ctx, made, nil)
}

// add keeps rules, each once. One that is there already is passed over while
// another is new.
func (b *Rulebook) add(ctx context.Context, rules []aegis.DriftRule, region *string) ([]aegis.DriftRule, error) {
	var made []aegis.DriftRule
	var refused error
	for _, rule := range rules {
		if slices.ContainsFunc(made, func(o aegis.DriftRule) bool { return o.Address == rule.Address && o.Attribute == rule.Attribute }) {
			continue
		}
		rule.CreatedAt = b.now()
		rule.RuleID = aegis.NewID(aegis.DriftRulePrefix, rule.CreatedAt)
		if err := b.Store.AddDriftRule(ctx, rule); err != nil {
			refused = err
			continue
		}
		made = append(made, rule)
	}
	if len(made) == 0 {
		return nil, refused
	}
	return made, b.look(ctx, made[0].StackID, region)
}

// look asks for a look at what a rule is about: at the region, nil for none, where
// that is unmanaged, else at the stack.
func (b *Rulebook) look(ctx context.Context, stackID string, region *string) error {
	switch {
	case region != nil:
		if err := b.Store.EnqueueStock(ctx, *region); err != nil {
			return fmt.Errorf("ask for a look at region %s: %w", *region, err)
		}
	case stackID != "":
		if err := b.Store.EnqueueReconcile(ctx, stackID); err != nil {
			return fmt.Errorf("ask for a look at stack %s: %w", stackID, err)
		}
	}
	return nil
}

// DeleteRule takes a rule back; ErrNotFound.
func (b *Rulebook) DeleteRule(ctx context.Context, id, by string) error {
	rule, err := b.Store.DeleteDriftRule(ctx, id, by)
	if err != nil {
		return err //nolint:wrapcheck // it says what was written
	}
	return b.look(ctx, rule.StackID, nil)
}

// Rules lists live rules, newest first, of one stack where stackID is given.
func (b *Rulebook) Rules(ctx context.Context, stackID string, page aegis.Page) ([]aegis.DriftRule, string, error) {
	return b.Store.ListDriftRules(ctx, stackID, page) //nolint:wrapcheck // it says what was read
}

// suggestFrom bounds the reports that suggestions are made from.
const suggestFrom = 5000

// Suggestions lists the rules that reports of the past speak for, of one stack
// where stackID is given.
func (b *Rulebook) Suggestions(ctx context.Context, stackID string) ([]aegis.DriftSuggestion, error) {
	now := b.now()
	var reports []aegis.DriftReport
	cursor := ""
	for len(reports) < suggestFrom {
		items, next, err := b.Store.DriftReports(ctx, aegis.DriftFilter{StackID: stackID, Kind: aegis.DriftChanged}, aegis.Page{Limit: 500, Cursor: cursor})
		if err != nil {
			return nil, fmt.Errorf("look for what could be expected: %w", err)
		}
		reports = append(reports, items...)
		if next == "" || len(items) > 0 && now.Sub(items[len(items)-1].DetectedAt) > suggestWindow {
			break
		}
		cursor = next
	}
	var rules []aegis.DriftRule
	for cursor = ""; ; {
		items, next, err := b.Store.ListDriftRules(ctx, stackID, aegis.Page{Limit: 500, Cursor: cursor})
		if err != nil {
			return nil, fmt.Errorf("look for what is expected: %w", err)
		}
		rules = append(rules, items...)
		if cursor = next; cursor == "" {
			return Suggest(reports, rules, now), nil
		}
	}
}

// AcceptSuggestion makes the rule that is suggested. ErrNotFound: it is not, or no
// more.
func (b *Rulebook) AcceptSuggestion(ctx context.Context, id, by, reason string, expires *time.Time) (aegis.DriftRule, error) {
	all, err := b.Suggestions(ctx, "")
	if err != nil {
		return aegis.DriftRule{}, err
	}
	i := slices.IndexFunc(all, func(s aegis.DriftSuggestion) bool { return s.SuggestionID == id })
	if i < 0 {
		return aegis.DriftRule{}, fmt.Errorf("suggestion %s: %w", id, aegis.ErrNotFound)
	}
	s := all[i]
	if reason == "" {
		reason = fmt.Sprintf("suggested: %s %d times", s.Kind, s.Times)
	}
	made, err := b.add(ctx, []aegis.DriftRule{{
		StackID: s.StackID, Address: s.Address, Attribute: s.Attribute, Reason: reason, CreatedBy: by, ExpiresAt: expires, SuggestionID: id,
	}}, nil)
	if err != nil {
		return aegis.DriftRule{}, err
	}
	return made[0], nil
}
