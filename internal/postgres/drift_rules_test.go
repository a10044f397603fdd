package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func newRule(stackID, attribute string) aegis.DriftRule {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return aegis.DriftRule{
		RuleID: aegis.NewID(aegis.DriftRulePrefix, now), StackID: stackID, Address: "web", Attribute: attribute, Reason: "scaled by others",
		CreatedBy: "ann", CreatedAt: now,
	}
}

func TestDriftRules(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "a")
	newStack(t, db, "b")
	one, two, other := newRule("a", "desired_capacity"), newRule("a", "tags"), newRule("b", "tags")
	soon := time.Now().UTC().Add(time.Hour).Truncate(time.Microsecond)
	two.CreatedAt, two.ExpiresAt, two.DriftReportID = two.CreatedAt.Add(time.Second), &soon, "drift-1"
	for _, r := range []aegis.DriftRule{one, two, other} {
		require.NoError(t, db.AddDriftRule(t.Context(), r))
	}
	require.ErrorIs(t, db.AddDriftRule(t.Context(), newRule("a", "tags")), aegis.ErrConflict, "there is one")
	require.ErrorIs(t, db.AddDriftRule(t.Context(), newRule("none", "tags")), aegis.ErrNotFound)
	require.NoError(t, db.AddDriftRule(t.Context(), newRule("", "")), "for what belongs to no stack")

	rules, err := db.DriftRules(t.Context(), "a")
	require.NoError(t, err)
	for i := range rules {
		rules[i].CreatedAt = rules[i].CreatedAt.UTC()
	}
	require.Len(t, rules, 2)
	require.Equal(t, one, rules[0])
	require.Equal(t, "drift-1", rules[1].DriftReportID)
	require.WithinDuration(t, soon, *rules[1].ExpiresAt, 0)

	listed, next, err := db.ListDriftRules(t.Context(), "a", aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, two.RuleID, listed[0].RuleID, "newest first")
	listed, next, err = db.ListDriftRules(t.Context(), "a", aegis.Page{Limit: 1, Cursor: next})
	require.NoError(t, err)
	require.Equal(t, one.RuleID, listed[0].RuleID)
	require.Empty(t, next)

	require.NoError(t, db.MeetDriftRules(t.Context(), []string{one.RuleID, one.RuleID, two.RuleID}))
	rules, err = db.DriftRules(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, 2, rules[0].Met)
	require.NotNil(t, rules[0].LastMetAt)

	gone, err := db.DeleteDriftRule(t.Context(), one.RuleID, "bob")
	require.NoError(t, err)
	require.Equal(t, "a", gone.StackID)
	_, err = db.DeleteDriftRule(t.Context(), one.RuleID, "bob")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM drift_rules WHERE deleted_by = 'bob' AND deleted_at IS NOT NULL`), "it is kept")
	require.Equal(t, 4, count(t, conn, `SELECT count(*) FROM events WHERE type = 'drift.rule_added' AND data ->> 'by' = 'ann'`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'drift.rule_removed' AND data ->> 'by' = 'bob'`))
}

func TestDriftRulesExpire(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	newStack(t, db, "a")
	rule := newRule("a", "tags")
	past := time.Now().Add(-time.Minute)
	rule.ExpiresAt = &past
	require.NoError(t, db.AddDriftRule(t.Context(), rule))
	rules, err := db.DriftRules(t.Context(), "a")
	require.NoError(t, err)
	require.Empty(t, rules)
	require.NoError(t, db.AddDriftRule(t.Context(), newRule("a", "tags")), "it makes way")
}

func TestBreakerOfAnAttribute(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	key := aegis.AttributeKey("prod.network.eu-west-1", "aws_security_group::web", "ingress")
	expires := time.Now().Add(time.Hour)
	b, err := db.OpenBreaker(t.Context(), aegis.Breaker{
		BreakerID: "brk-1", Scope: aegis.BreakerAttribute, Key: key, Open: true, Reason: "a fight", OpenedBy: "aegis", ExpiresAt: &expires,
	})
	require.NoError(t, err)
	require.True(t, b.Open)
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = 'breaker.opened' AND data ->> 'stack_id' = 'prod.network.eu-west-1'`))
}

func TestPromotionLeavesWhatIsLeft(t *testing.T) {
	t.Parallel()
	mixed := func(at time.Time) aegis.DriftReport {
		r := newReport("a", "g", at)
		r.Changes[0].Decision = aegis.CorrectDrift
		r.Changes = append(r.Changes, aegis.DriftChange{Address: "zone", Attribute: "comment", After: "x", Decision: aegis.ReportDrift})
		return r
	}
	for name, test := range map[string]struct {
		change  func(*aegis.AutonomousChangeSet)
		state   aegis.DriftState
		changes []string
		event   string
	}{
		"a correction of some resources": {
			func(cs *aegis.AutonomousChangeSet) { cs.Target.Addresses, cs.Patches = []string{"web"}, nil }, aegis.DriftReported, []string{"zone"}, "",
		},
		"a change that left it": {
			func(cs *aegis.AutonomousChangeSet) {
				cs.Source, cs.Diff = aegis.SourceGoal, []aegis.ResourceChange{{Address: "x"}}
			}, aegis.DriftReported, []string{"zone"}, "",
		},
		"an adoption of all": {
			func(cs *aegis.AutonomousChangeSet) { cs.Target.Addresses = []string{"web", "zone"} }, aegis.DriftAdopted, []string{"web", "zone"}, "drift.adopted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, conn := open(t)
			newStack(t, db, "a")
			report := mixed(time.Now())
			detect(t, db, report)
			left, err := db.DriftLeft(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, []aegis.DriftRule{{RuleID: report.DriftReportID, StackID: "a", Address: "zone", Attribute: "comment"}}, left)

			cs := newChangeSet("a")
			cs.Source = aegis.SourceDrift
			test.change(&cs)
			require.NoError(t, db.InsertChangeSet(t.Context(), cs))
			cs.PromotionState, cs.Phase = aegis.StatePromoted, aegis.PhaseDone
			require.NoError(t, db.CommitStep(t.Context(), rollout.Step{
				ChangeSet: cs, Stacks: []rollout.StackUpdate{{StackID: "a", State: aegis.StackDrifted}},
			}))
			got, err := db.DriftReport(t.Context(), report.DriftReportID)
			require.NoError(t, err)
			require.Equal(t, test.state, got.State)
			var addresses []string
			for _, c := range got.Changes {
				addresses = append(addresses, c.Address)
			}
			require.Equal(t, test.changes, addresses)
			looks := count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'reconcile' AND args ->> 'stack_id' = 'a'`)
			require.Equal(t, len(cs.Target.Addresses) > 0, looks == 1, "of the rest of the stack nothing was seen")
			if test.event != "" {
				require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events WHERE type = $1`, test.event))
			}
		})
	}
}
