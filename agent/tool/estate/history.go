package estate

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
)

// maxPages bounds the pages of a store that are read for one answer, where most of
// what is on them may not be looked at.
const maxPages = 10

type driftQuery struct {
	StackID string `json:"stack_id,omitempty" jsonschema:"maxLength=200"`
	Kind    string `json:"kind,omitempty" jsonschema:"enum=changed,enum=deleted,enum=unmanaged"`
	State   string `json:"state,omitempty" jsonschema:"enum=open,enum=corrected,enum=adopted,enum=reported,enum=superseded"`
	Cursor  string `json:"cursor,omitempty" jsonschema:"maxLength=1024,description=next of the answer before"`
}

type driftRow struct {
	DriftReportID string     `json:"drift_report_id"`
	StackID       string     `json:"stack_id"`
	Region        string     `json:"region"`
	Kind          string     `json:"kind"`
	State         string     `json:"state"`
	DetectedAt    time.Time  `json:"detected_at"`
	ResolvedAt    *time.Time `json:"resolved_at,omitempty"`
	ChangeSetID   string     `json:"change_set_id,omitempty"`
	Cause         string     `json:"cause"`
	Actor         string     `json:"actor,omitempty"`
	Call          string     `json:"call,omitempty"`
	Changes       []driftBit `json:"changes" jsonschema:"maxItems=10"`
	MoreChanges   int        `json:"more_changes"`
}

type driftBit struct {
	Address   string `json:"address"`
	Type      string `json:"type"`
	Attribute string `json:"attribute"`
	Before    any    `json:"before"`
	After     any    `json:"after"`
	Decision  string `json:"decision"`
	Reason    string `json:"reason,omitempty"`
}

type driftAnswer struct {
	Reports []driftRow `json:"reports" jsonschema:"maxItems=50"`
	Next    string     `json:"next"`
}

type changeSetsQuery struct {
	StackID string `json:"stack_id,omitempty" jsonschema:"maxLength=200"`
	State   string `json:"state,omitempty" jsonschema:"enum=proposed,enum=canary,enum=applying,enum=rolling_back,enum=promoted,enum=denied,enum=rolled_back,enum=failed,enum=cancelled"`
	Cursor  string `json:"cursor,omitempty" jsonschema:"maxLength=1024,description=next of the answer before"`
}

type changeSetRow struct {
	ChangeSetID       string     `json:"change_set_id"`
	GoalID            string     `json:"goal_id,omitempty"`
	Source            string     `json:"source"`
	Actor             string     `json:"actor"`
	Summary           string     `json:"summary"`
	StackIDs          []string   `json:"stack_ids" jsonschema:"maxItems=50"`
	State             string     `json:"state"`
	Phase             string     `json:"phase"`
	Changes           int        `json:"changes"`
	RiskScore         int        `json:"risk_score"`
	CostDeltaUSDMonth float64    `json:"cost_delta_usd_month"`
	Denials           []ruleText `json:"denials" jsonschema:"maxItems=50"`
	Error             string     `json:"error,omitempty"`
	CreatedAt         time.Time  `json:"created_at"`
}

// ruleText is what a rule of policy said.
type ruleText struct {
	Code    string `json:"code"`
	Msg     string `json:"msg"`
	Address string `json:"address,omitempty"`
}

func ruleTexts(found []aegis.RuleResult) []ruleText {
	out := []ruleText{}
	for _, r := range first(found) {
		out = append(out, ruleText{Code: r.Code, Msg: tool.Clip(r.Msg, maxValue), Address: r.Address})
	}
	return out
}

type changeSetsAnswer struct {
	ChangeSets []changeSetRow `json:"change_sets" jsonschema:"maxItems=50"`
	Next       string         `json:"next"`
}

func (t tools) historyTools() []tool.Tool {
	return []tool.Tool{
		describe(about{name: "list_drift", summary: "Lists what changed outside the autopilot, newest first: which attributes, who did it, and what became of it."}, t.listDrift),
		describe(about{name: "list_change_sets", summary: "Lists change sets, newest first: what was changed and what became of it."}, t.listChangeSets),
		describe(about{name: "list_incidents", summary: "Lists security incidents, newest first: what detectors found, how bad it is, and which stacks it can reach."}, t.listIncidents),
	}
}

func (t tools) listDrift(ctx context.Context, by tool.Caller, in driftQuery) (driftAnswer, error) {
	seen, err := t.lookup(ctx, by)
	if err != nil {
		return driftAnswer{}, err
	}
	f := aegis.DriftFilter{StackID: in.StackID, Kind: aegis.DriftKind(in.Kind), State: aegis.DriftState(in.State)}
	visible := func(r aegis.DriftReport) bool {
		if r.StackID == "" { // of no stack, and so of no layer
			return within(by.Regions, r.Region) && len(by.Layers)+len(by.StackIDs) == 0
		}
		return seen.sees(r.StackID)
	}
	found, next, err := gather(in.Cursor, visible, func(page aegis.Page) ([]aegis.DriftReport, string, error) {
		return t.History.DriftReports(ctx, f, page)
	})
	if err != nil {
		return driftAnswer{}, err
	}
	out := driftAnswer{Reports: []driftRow{}, Next: next}
	for _, r := range found {
		out.Reports = append(out.Reports, driftOf(r))
	}
	return out, nil
}

// gather reads pages until there are items to answer, or enough was looked at. Pages
// are small, so that an answer has whole ones. Places go by in hexadecimal digits: a
// store's own look like secrets, which answers lose.
func gather[T any](place string, visible func(T) bool, read func(aegis.Page) ([]T, string, error)) (items []T, next string, err error) {
	const size = 10
	at, err := hex.DecodeString(place)
	if err != nil {
		return nil, "", aegis.Invalid("cursor", "give next of the answer before, unchanged")
	}
	cursor := string(at)
	for range maxPages {
		var found []T
		if found, cursor, err = read(aegis.Page{Limit: size, Cursor: cursor}); err != nil {
			return nil, "", err
		}
		items = append(items, slices.DeleteFunc(found, func(item T) bool { return !visible(item) })...)
		if cursor == "" || len(items) > most-size {
			break
		}
	}
	return items, hex.EncodeToString([]byte(cursor)), nil
}

func driftOf(r aegis.DriftReport) driftRow {
	const bits = 10
	row := driftRow{
		DriftReportID: r.DriftReportID, StackID: r.StackID, Region: r.Region, Kind: string(r.Kind), State: string(r.State), DetectedAt: r.DetectedAt,
		ResolvedAt: r.ResolvedAt, ChangeSetID: r.ChangeSetID, Cause: r.Cause.Kind, Call: r.Cause.EventName, Changes: []driftBit{},
		MoreChanges: max(0, len(r.Changes)-bits),
	}
	if r.Cause.Actor != nil {
		row.Actor = r.Cause.Actor.Principal
	}
	for _, c := range r.Changes[:min(len(r.Changes), bits)] {
		row.Changes = append(row.Changes, driftBit{
			Address: c.Address, Type: c.Type, Attribute: c.Attribute, Before: brief(c.Before), After: brief(c.After), Decision: string(c.Decision),
			Reason: tool.Clip(c.Reason, maxValue),
		})
	}
	return row
}

func (t tools) listChangeSets(ctx context.Context, by tool.Caller, in changeSetsQuery) (changeSetsAnswer, error) {
	seen, err := t.lookup(ctx, by)
	if err != nil {
		return changeSetsAnswer{}, err
	}
	f := aegis.ChangeSetFilter{StackID: in.StackID, State: aegis.PromotionState(in.State)}
	visible := func(cs aegis.AutonomousChangeSet) bool { return seen.sees(cs.Target.StackIDs...) }
	found, next, err := gather(in.Cursor, visible, func(page aegis.Page) ([]aegis.AutonomousChangeSet, string, error) {
		return t.History.ChangeSets(ctx, f, page)
	})
	if err != nil {
		return changeSetsAnswer{}, err
	}
	out := changeSetsAnswer{ChangeSets: []changeSetRow{}, Next: next}
	for _, cs := range found {
		out.ChangeSets = append(out.ChangeSets, changeSetRow{
			ChangeSetID: cs.ChangeSetID, GoalID: cs.GoalID, Source: string(cs.Source), Actor: cs.Actor, Summary: tool.Clip(cs.Summary, maxValue),
			StackIDs: first(cs.Target.StackIDs), State: string(cs.PromotionState), Phase: string(cs.Phase), Changes: len(cs.Diff), RiskScore: cs.RiskScore,
			CostDeltaUSDMonth: cs.CostDeltaUSDMonth, Denials: ruleTexts(cs.Denials), Error: tool.Clip(cs.Error, maxValue), CreatedAt: cs.CreatedAt,
		})
	}
	return out, nil
}
