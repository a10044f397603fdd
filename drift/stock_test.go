package drift_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift"
)

// shelf adds to an estate what a Stock needs beside.
type shelf struct {
	*estate

	there map[string][]aegis.CloudResource // by region
	known map[string][]string
	taken map[string]time.Time
	state []aegis.IndexedResource
	asks  []string
	home  func(aegis.CloudResource) string
}

func (s *shelf) Inventory(_ context.Context, region string) ([]aegis.CloudResource, error) {
	return s.there[region], nil
}

func (s *shelf) Baseline(_ context.Context, region string) ([]string, time.Time, error) {
	return s.known[region], s.taken[region], nil
}

func (s *shelf) SaveBaseline(_ context.Context, region string, known []aegis.CloudResource) error {
	s.taken[region], s.known[region] = s.now, nil
	for _, r := range known {
		s.known[region] = append(s.known[region], r.Key())
	}
	return nil
}

func (s *shelf) ResourcesByKey(_ context.Context, keys []string) ([]aegis.IndexedResource, error) {
	var out []aegis.IndexedResource
	for _, r := range s.resources {
		if slices.ContainsFunc(r.Keys(), func(k string) bool { return slices.Contains(keys, k) }) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *shelf) EnqueueStock(_ context.Context, region string) error {
	s.asks = append(s.asks, region)
	return nil
}

func (s *shelf) Resources(context.Context, aegis.StackRun) ([]aegis.IndexedResource, error) {
	return s.state, nil
}

func (s *shelf) ChangeSet(_ context.Context, changeSetID string) (aegis.AutonomousChangeSet, error) {
	for _, cs := range s.sets {
		if cs.ChangeSetID == changeSetID {
			return cs, nil
		}
	}
	return aegis.AutonomousChangeSet{}, aegis.ErrNotFound
}

func (s *shelf) stock() *drift.Stock {
	return drift.NewStock(drift.StockConfig{
		Store: s, Account: s, States: s, Policy: s, Door: s, Home: s.home, Regions: []string{"eu-west-1", "us-east-1"}, Now: func() time.Time { return s.now },
	})
}

// stocked is an estate whose first region was looked at: an instance that
// nobody manages was there.
func stocked(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{
		estate: watched(t), known: map[string][]string{}, taken: map[string]time.Time{},
		there: map[string][]aegis.CloudResource{"eu-west-1": {old}},
	}
	require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
	require.Empty(t, s.reports, "what is there first is the baseline")
	s.now = s.now.Add(time.Minute)
	return s
}

var (
	old  = aegis.CloudResource{Type: "aws_instance", ID: "i-old", Region: "eu-west-1", Attributes: map[string]any{"ami": "a"}} //nolint:gochecknoglobals // a constant
	hole = aegis.CloudResource{                                                                                                //nolint:gochecknoglobals // a constant
		Type: "aws_vpc_security_group_ingress_rule", ID: "sgr-1", Region: "eu-west-1", ParentType: "aws_security_group", ParentID: "sg-1",
		Attributes: map[string]any{"from_port": 22.0, "cidr_ipv4": "0.0.0.0/0"},
	}
)

func TestStock(t *testing.T) {
	t.Parallel()
	t.Run("removes a part of what a stack manages, and names who made it", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
		s.events = []aegis.CloudEvent{byAnn("event-1", s.now)}
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.reports, 1)
		r := s.reports[0]
		require.Equal(t, aegis.DriftUnmanaged, r.Kind)
		require.Equal(t, id, r.StackID)
		require.Equal(t, "ann", r.Cause.Actor.Principal)
		require.Equal(t, aegis.DriftChange{
			Address: "aws_security_group::web", ResourceID: "sgr-1", Type: hole.Type, After: hole.Attributes, Decision: aegis.CorrectDrift,
		}, r.Changes[0])
		require.Len(t, s.sets, 1)
		require.Equal(t, aegis.TargetAWSResource, s.sets[0].Target.Kind)
		require.Equal(t, "sgr-1", s.sets[0].Removals[0].ID)
		require.Equal(t, id, s.sets[0].Removals[0].StackID)

		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.reports, 1, "reported once")
		require.Len(t, s.sets, 1, "the removal is under way")

		s.there["eu-west-1"] = s.there["eu-west-1"][:1]
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Equal(t, aegis.DriftCorrected, s.reports[0].State)
	})
	t.Run("finds what no event told of, though the autopilot called about the same group", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		e := byAnn("event-1", s.now)
		e.Own, e.ChangeSetID = true, "cs"
		s.events = []aegis.CloudEvent{e}
		s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.reports, 1)
		require.Equal(t, aegis.CauseUnknown, s.reports[0].Cause.Kind)
		require.Len(t, s.sets, 1)
	})
	t.Run("keeps the baseline of a stack that a change set is at", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.taken, s.known = map[string]time.Time{}, map[string][]string{}
		s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		s.leases = []aegis.Lease{{StackID: id, ChangeSetID: "cs"}}
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		s.leases = nil
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Empty(t, s.reports)
		require.Empty(t, s.sets)
	})
	t.Run("leaves what a change set may be at, and comes back", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.leases = []aegis.Lease{{StackID: id, ChangeSetID: "cs"}}
		s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
		var later interface{ RetryAfter() time.Duration }
		require.ErrorAs(t, s.stock().Take(t.Context(), "eu-west-1"), &later)
		require.Empty(t, s.reports)
		s.leases = nil
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.reports, 1)
	})
	t.Run("leaves the instances of a group", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.resources = append(s.resources, aegis.IndexedResource{StackID: id, Address: "aws_autoscaling_group::node", Type: "aws_autoscaling_group", ID: "node", Name: "node"})
		s.there["eu-west-1"] = append(s.there["eu-west-1"], aegis.CloudResource{
			Type: "aws_instance", ID: "i-2", Region: "eu-west-1", ParentType: "aws_autoscaling_group", ParentID: "node",
		})
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Empty(t, s.reports)
	})
	t.Run("tries a removal again that did not hold", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		s.sets[0].PromotionState, s.sets[0].UpdatedAt = aegis.StateDenied, s.now
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.sets, 1, "not at once")
		s.now = s.now.Add(3 * time.Minute)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.sets, 2)
	})
	t.Run("lets be what a rule expects", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.rules = []aegis.DriftRule{rule(hole.Address(), "")}
		s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
		for range 2 {
			require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		}
		require.Empty(t, s.reports)
		require.Empty(t, s.sets)
		require.Equal(t, []string{"rule-1"}, s.met, "counted once")
		s.rules = nil
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.sets, 1)
		s.rules = []aegis.DriftRule{rule(hole.Type, "")}
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Equal(t, aegis.DriftReported, s.reports[0].State)
		require.Equal(t, "rule-1", s.reports[0].Changes[0].RuleID)
	})
	t.Run("opens a breaker when the same rule comes again and again", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		again := hole
		for i := range 4 {
			again.ID = "sgr-" + time.Duration(i).String()
			s.there["eu-west-1"] = []aegis.CloudResource{old, again}
			require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
			s.there["eu-west-1"] = s.there["eu-west-1"][:1]
			if i == 3 {
				break
			}
			s.now = s.now.Add(time.Minute)
			require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		}
		require.Len(t, s.sets, 3)
		require.Len(t, s.breakers, 1)
		require.Contains(t, s.breakers[0].Key, id+" aws_security_group::web aws_vpc_security_group_ingress_rule#")
		require.Equal(t, aegis.DriftReported, s.reports[3].State)
	})
	t.Run("reports a resource of its own and leaves it", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		rogue := aegis.CloudResource{Type: "aws_instance", ID: "i-rogue", Region: "eu-west-1", Attributes: map[string]any{"ami": "b"}}
		s.there["eu-west-1"] = append(s.there["eu-west-1"], rogue)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Equal(t, aegis.DriftReported, s.reports[0].State)
		require.Empty(t, s.reports[0].StackID)
		require.NotEmpty(t, s.reports[0].Changes[0].Reason)
		require.Empty(t, s.sets)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Len(t, s.reports, 1)
	})
	t.Run("removes a resource of its own where policy says so and a stack is home to it", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		s.home = func(aegis.CloudResource) string { return id }
		rogue := aegis.CloudResource{Type: "aws_instance", ID: "i-rogue", Region: "eu-west-1", Attributes: map[string]any{"ami": "b"}}
		s.there["eu-west-1"] = append(s.there["eu-west-1"], rogue)
		require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
		require.Equal(t, aegis.DriftOpen, s.reports[0].State)
		require.Empty(t, s.reports[0].StackID)
		require.Len(t, s.sets, 1)
		require.Equal(t, id, s.sets[0].Removals[0].StackID)
		require.Equal(t, "cs", s.reports[0].ChangeSetID)
	})
	for name, manage := range map[string]func(*shelf){
		"what the index knows": func(s *shelf) {
			s.resources = append(s.resources, aegis.IndexedResource{StackID: id, Address: "r", Type: hole.Type, Region: "eu-west-1", ID: "sgr-1", Parents: []string{"sg-1"}})
		},
		"what the state knows already": func(s *shelf) {
			s.state = []aegis.IndexedResource{{StackID: id, Address: "r", Type: hole.Type, Region: "eu-west-1", ID: "sgr-1"}}
		},
		"what it made itself": func(s *shelf) {
			e := byAnn("event-1", s.now)
			e.Own, e.ChangeSetID, e.Refs[0].Key = true, "cs", hole.ID
			s.events = []aegis.CloudEvent{e}
		},
		"parts of what nobody manages": func(s *shelf) { s.resources = nil },
		"rules of a default group":     func(s *shelf) { s.resources[0].Type = "aws_default_security_group" },
	} {
		t.Run("leaves "+name, func(t *testing.T) {
			t.Parallel()
			s := stocked(t)
			manage(s)
			s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
			require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
			require.Empty(t, s.reports)
			require.Empty(t, s.sets)
		})
	}
	t.Run("knows an attachment by what it joins", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		const arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
		attach := func(policy string) aegis.CloudResource {
			return aegis.CloudResource{
				Type: "aws_iam_role_policy_attachment", ID: "node/" + policy, ParentType: "aws_iam_role", ParentID: "node",
				Attributes: map[string]any{"role": "node", "policy_arn": policy},
			}
		}
		s.resources = append(s.resources,
			aegis.IndexedResource{StackID: id, Address: "aws_iam_role::node", Type: "aws_iam_role", ID: "node", Name: "node"},
			aegis.IndexedResource{StackID: id, Address: "a", Type: "aws_iam_role_policy_attachment", ID: "node-2026", Parents: []string{"node", arn, "ReadOnlyAccess"}})
		s.there["eu-west-1"] = append(s.there["eu-west-1"], attach(arn), attach("arn:aws:iam::aws:policy/AdministratorAccess"))
		require.NoError(t, s.stock().Take(t.Context(), ""))
		require.Len(t, s.reports, 1)
		require.Equal(t, "node/arn:aws:iam::aws:policy/AdministratorAccess", s.reports[0].Changes[0].ResourceID)
		require.Equal(t, "aws_iam_role::node", s.reports[0].Changes[0].Address)

		require.NoError(t, s.stock().Take(t.Context(), "us-east-1"), "which does not list IAM")
		require.Equal(t, aegis.DriftOpen, s.reports[0].State)
	})
	t.Run("looks at each region once an interval", func(t *testing.T) {
		t.Parallel()
		s := stocked(t)
		require.NoError(t, s.stock().Sweep(t.Context()))
		require.Equal(t, []string{"us-east-1"}, s.asks)
		require.NoError(t, s.stock().Take(t.Context(), "ap-south-1"), "a region without estate")
	})
}
