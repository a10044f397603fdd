package drift_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
)

// library keeps rules and reports in memory.
type library struct {
	rules   []aegis.DriftRule
	reports []aegis.DriftReport
	looks   []string
}

func (l *library) AddDriftRule(_ context.Context, rule aegis.DriftRule) error {
	if slices.ContainsFunc(l.rules, func(o aegis.DriftRule) bool {
		return o.StackID == rule.StackID && o.Address == rule.Address && o.Attribute == rule.Attribute
	}) {
		return aegis.ErrConflict
	}
	l.rules = append(l.rules, rule)
	return nil
}

func (l *library) DeleteDriftRule(_ context.Context, id, _ string) (aegis.DriftRule, error) {
	for i, r := range l.rules {
		if r.RuleID == id {
			l.rules = slices.Delete(l.rules, i, i+1)
			return r, nil
		}
	}
	return aegis.DriftRule{}, aegis.ErrNotFound
}

func (l *library) ListDriftRules(context.Context, string, aegis.Page) ([]aegis.DriftRule, string, error) {
	return l.rules, "", nil
}

func (l *library) EnqueueReconcile(_ context.Context, stackID string) error {
	l.looks = append(l.looks, stackID)
	return nil
}

func (l *library) EnqueueStock(_ context.Context, region string) error {
	l.looks = append(l.looks, "region "+region)
	return nil
}

func (l *library) DriftReports(context.Context, aegis.DriftFilter, aegis.Page) ([]aegis.DriftReport, string, error) {
	return l.reports, "", nil
}

func (l *library) DriftReport(_ context.Context, id string) (aegis.DriftReport, error) {
	for _, r := range l.reports {
		if r.DriftReportID == id {
			return r, nil
		}
	}
	return aegis.DriftReport{}, aegis.ErrNotFound
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func (l *library) book() *drift.Rulebook {
	return &drift.Rulebook{Store: l, Now: func() time.Time { return noon }}
}

func TestRulebook(t *testing.T) {
	t.Parallel()
	report := aegis.DriftReport{
		DriftReportID: "drift-1", StackID: id, Kind: aegis.DriftChanged, State: aegis.DriftOpen,
		Changes: []aegis.DriftChange{
			{Address: "aws_vpc::main", Type: "aws_vpc", Attribute: "tags.owner"},
			{Address: "aws_autoscaling_group::node", Type: "aws_autoscaling_group", Attribute: "max_size"},
		},
	}
	extra := aegis.DriftReport{
		DriftReportID: "drift-2", StackID: id, Region: "eu-west-1", Kind: aegis.DriftUnmanaged,
		Changes: []aegis.DriftChange{{Address: "aws_security_group::web", ResourceID: "sgr-1", Type: hole.Type}},
	}
	type pair struct{ address, attribute string }
	tags, star := "tags", "*"
	for name, test := range map[string]struct {
		rule      aegis.DriftRule
		attribute *string
		want      []pair
		look      string
	}{
		"for a stack, all attributes": {aegis.DriftRule{StackID: id, Address: "aws_vpc"}, nil, []pair{{"aws_vpc", "*"}}, id},
		"for a stack, one attribute":  {aegis.DriftRule{StackID: id, Address: "aws_vpc"}, &tags, []pair{{"aws_vpc", "tags"}}, id},
		"for all of a report": {
			aegis.DriftRule{DriftReportID: "drift-1"},
			nil,
			[]pair{{"aws_vpc::main", "tags.owner"}, {"aws_autoscaling_group::node", "max_size"}},
			id,
		},
		"for an address of a report":   {aegis.DriftRule{DriftReportID: "drift-1", Address: "aws_auto*"}, nil, []pair{{"aws_auto*", "max_size"}}, id},
		"for an attribute of a report": {aegis.DriftRule{DriftReportID: "drift-1"}, &tags, []pair{{"aws_vpc::main", "tags"}}, id},
		"for what no stack manages, by its id": {
			aegis.DriftRule{DriftReportID: "drift-2"}, nil, []pair{{hole.Type + "::sgr-1", ""}}, "region eu-west-1",
		},
		"for nothing that fits": {aegis.DriftRule{DriftReportID: "drift-2"}, &star, nil, ""},
		"for no report":         {aegis.DriftRule{DriftReportID: "drift-9"}, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &library{reports: []aegis.DriftReport{report, extra}}
			test.rule.CreatedBy = "ann"
			made, err := l.book().AddRules(t.Context(), test.rule, test.attribute)
			require.Equal(t, test.want == nil, err != nil)
			var got []pair
			for _, r := range made {
				require.Equal(t, id, r.StackID)
				require.Equal(t, "ann", r.CreatedBy)
				require.Equal(t, noon, r.CreatedAt)
				got = append(got, pair{r.Address, r.Attribute})
			}
			require.Equal(t, test.want, got)
			if test.look != "" {
				require.Equal(t, []string{test.look}, l.looks)
				require.NoError(t, l.book().DeleteRule(t.Context(), made[0].RuleID, "bob"))
				require.Contains(t, l.looks, id, "what is no more expected is looked at")
			}
		})
	}
	t.Run("refuses what is there", func(t *testing.T) {
		t.Parallel()
		l := &library{reports: []aegis.DriftReport{report}}
		_, err := l.book().AddRules(t.Context(), aegis.DriftRule{DriftReportID: "drift-1", Address: "aws_vpc::main"}, nil)
		require.NoError(t, err)
		made, err := l.book().AddRules(t.Context(), aegis.DriftRule{DriftReportID: "drift-1"}, nil)
		require.NoError(t, err)
		require.Len(t, made, 1, "the other is new")
		_, err = l.book().AddRules(t.Context(), aegis.DriftRule{DriftReportID: "drift-1"}, nil)
		require.ErrorIs(t, err, aegis.ErrConflict)
	})
}

// scaled is a report of a group that was resized.
func scaled(n int, who string, decision aegis.DriftDecision, after float64) aegis.DriftReport {
	r := aegis.DriftReport{
		DriftReportID: fmt.Sprintf("drift-%d", n), StackID: id, Kind: aegis.DriftChanged, DetectedAt: noon.Add(-time.Duration(n) * time.Hour),
		State: aegis.DriftReported, Cause: aegis.DriftCause{Kind: aegis.CauseEvent, Actor: &aegis.CloudActor{Principal: who}},
		Changes: []aegis.DriftChange{{
			Address: "aws_autoscaling_group::node", Type: "aws_autoscaling_group", Attribute: "max_size", Before: 3.0, After: after, Decision: decision,
		}},
	}
	if decision == aegis.CorrectDrift {
		r.State, r.ChangeSetID = aegis.DriftCorrected, fmt.Sprintf("cs-%d", n)
	}
	return r
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	const left, corrected = aegis.ReportDrift, aegis.CorrectDrift
	for name, test := range map[string]struct {
		reports []aegis.DriftReport
		want    string
	}{
		"what came back three times and was left": {[]aegis.DriftReport{scaled(1, "ann", left, 9), scaled(2, "bob", left, 9), scaled(3, "", left, 9)}, aegis.SuggestedLeft},
		"not what came back twice":                {[]aegis.DriftReport{scaled(1, "ann", left, 9), scaled(2, "ann", left, 9)}, ""},
		"not what differed otherwise":             {[]aegis.DriftReport{scaled(1, "ann", left, 9), scaled(2, "ann", left, 8), scaled(3, "ann", left, 9)}, ""},
		"what one actor changes again each time": {
			[]aegis.DriftReport{scaled(1, "ann", corrected, 9), scaled(2, "ann", corrected, 7), scaled(3, "ann", corrected, 8)}, aegis.SuggestedFought,
		},
		"not what several actors did":  {[]aegis.DriftReport{scaled(1, "ann", corrected, 9), scaled(2, "bob", corrected, 9), scaled(3, "eve", corrected, 9)}, ""},
		"not what nobody is known for": {[]aegis.DriftReport{scaled(1, "", corrected, 9), scaled(2, "", corrected, 9), scaled(3, "", corrected, 9)}, ""},
		"not what is longer than a month ago": {
			[]aegis.DriftReport{scaled(1, "ann", left, 9), scaled(2, "ann", left, 9), scaled(31*24, "ann", left, 9)}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &library{reports: test.reports}
			found, err := l.book().Suggestions(t.Context(), "")
			require.NoError(t, err)
			if test.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Equal(t, test.want, found[0].Kind)
			require.Equal(t, 3, found[0].Times)
			require.Equal(t, []string{"drift-1", "drift-2", "drift-3"}, found[0].DriftReportIDs)
			require.Empty(t, l.rules, "nothing is done by itself")

			rule, err := l.book().AcceptSuggestion(t.Context(), found[0].SuggestionID, "ann", "", nil)
			require.NoError(t, err)
			require.Equal(t, found[0].SuggestionID, rule.SuggestionID)
			require.True(t, rule.Covers(id, "aws_autoscaling_group::node", "aws_autoscaling_group", "max_size"))
			require.NotEmpty(t, rule.Reason)
			_, err = l.book().AcceptSuggestion(t.Context(), found[0].SuggestionID, "ann", "", nil)
			require.ErrorIs(t, err, aegis.ErrNotFound, "what is expected is suggested no more")
		})
	}
}

// TestSuggestionsHaveTheirEvidence makes reports of all kinds, and holds each
// suggestion to reports that say so.
func TestSuggestionsHaveTheirEvidence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var reports []aegis.DriftReport
		for i := range rapid.IntRange(0, 20).Draw(r, "reports") {
			reports = append(reports, scaled(i, rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(r, "who"),
				rapid.SampledFrom([]aegis.DriftDecision{aegis.ReportDrift, aegis.CorrectDrift, aegis.AdoptDrift}).Draw(r, "decision"),
				float64(rapid.IntRange(1, 2).Draw(r, "after"))))
		}
		for _, s := range drift.Suggest(reports, nil, noon) {
			require.GreaterOrEqual(r, s.Times, 3)
			evidence := 0
			for _, report := range reports {
				c := report.Changes[0]
				switch s.Kind {
				case aegis.SuggestedLeft:
					if c.Decision == aegis.ReportDrift && c.After == s.After {
						evidence++
					}
				case aegis.SuggestedFought:
					if report.State == aegis.DriftCorrected && report.Cause.Actor.Principal == s.Actor {
						evidence++
					}
				}
			}
			require.Equal(r, s.Times, evidence)
		}
	})
}
