package drift_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// opened is the drift of a security group in which somebody opened a port.
func opened() aegis.ResourceChange {
	return aegis.ResourceChange{
		StackID: id, Address: "aws_security_group::web", Type: "aws_security_group", Region: "eu-west-1", Action: aegis.ActionUpdate,
		Before: map[string]any{"id": "sg-1", "ingress": []any{map[string]any{"from_port": 443.0}}},
		After:  map[string]any{"id": "sg-1", "ingress": []any{map[string]any{"from_port": 22.0}}},
	}
}

func tagged() aegis.ResourceChange {
	return aegis.ResourceChange{
		StackID: id, Address: "aws_vpc::main", Type: "aws_vpc", Region: "eu-west-1", Action: aegis.ActionUpdate,
		Before: map[string]any{"tags": map[string]any{"owner": "net"}, "tags_all": map[string]any{"owner": "net"}},
		After:  map[string]any{"tags": map[string]any{"owner": "bob"}, "tags_all": map[string]any{"owner": "bob"}},
	}
}

// byAnn is the call that opened the port.
func byAnn(eventID string, at time.Time) aegis.CloudEvent {
	return aegis.CloudEvent{
		EventID: eventID, Source: "ec2.amazonaws.com", Name: "AuthorizeSecurityGroupIngress", Region: "eu-west-1", At: at,
		Actor: aegis.CloudActor{Principal: "ann", ARN: "arn:aws:iam::1:user/ann"},
		Refs:  []aegis.ResourceRef{{Type: "aws_security_group", Key: "sg-1"}},
	}
}

// watched is an estate that was read and clean a minute ago.
func watched(t *testing.T) *estate {
	t.Helper()
	e := newEstate()
	e.resources = []aegis.IndexedResource{
		{StackID: id, Address: "aws_security_group::web", Type: "aws_security_group", Region: "eu-west-1", ID: "sg-1", ARN: "arn:aws:ec2:eu-west-1:1:security-group/sg-1"},
		{StackID: id, Address: "aws_vpc::main", Type: "aws_vpc", Region: "eu-west-1", ID: "vpc-1"},
	}
	require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
	e.now = e.now.Add(time.Minute)
	e.targets = nil
	return e
}

// happens lets the event arrive.
func (e *estate) happens(event aegis.CloudEvent, addresses ...string) {
	e.events = append([]aegis.CloudEvent{event}, e.events...)
	e.pending = append(e.pending, aegis.PendingEvent{EventID: event.EventID, Addresses: addresses, ReceivedAt: e.now})
}

func TestObserve(t *testing.T) {
	t.Parallel()
	t.Run("reads what the event names and reports who did it", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{opened(), tagged()}
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		require.NoError(t, e.reconciler().Observe(t.Context(), id))

		require.Equal(t, [][]string{{"aws_security_group::web"}}, e.targets)
		require.Len(t, e.reports, 1)
		r := e.reports[0]
		require.Equal(t, aegis.DriftChanged, r.Kind)
		require.Equal(t, aegis.CauseEvent, r.Cause.Kind)
		require.Equal(t, "ann", r.Cause.Actor.Principal)
		require.Equal(t, "event-1", r.Cause.EventID)
		require.NotEmpty(t, r.Cause.Group)
		require.Equal(t, []aegis.DriftChange{{
			Address: "aws_security_group::web", ResourceID: "arn:aws:ec2:eu-west-1:1:security-group/sg-1", Type: "aws_security_group",
			Attribute: "ingress", Before: []any{map[string]any{"from_port": 443.0}}, After: []any{map[string]any{"from_port": 22.0}}, Decision: aegis.CorrectDrift,
		}}, r.Changes)
		require.Equal(t, "cs", r.ChangeSetID)
		require.Equal(t, []string{"drift.detected"}, e.told)
		require.Empty(t, e.pending)
		require.Equal(t, aegis.StackDrifted, e.stacks[0].State)
		require.Equal(t, e.now.Add(-time.Minute), *e.stacks[0].LastReconciledAt, "the rest is still to be looked at")
	})
	t.Run("reads a burst once", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		for range 50 {
			e.happens(byAnn("event-"+time.Duration(len(e.events)).String(), e.now), "aws_security_group::web", "aws_vpc::main")
		}
		r := e.reconciler()
		require.NoError(t, r.Observe(t.Context(), id))
		require.NoError(t, r.Observe(t.Context(), id))
		require.Equal(t, [][]string{{"aws_security_group::web", "aws_vpc::main"}}, e.targets)
		require.Empty(t, e.reports)
	})
	t.Run("reads everything when it knows nothing", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.stacks[0].State = aegis.StackUnknown
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		require.NoError(t, e.reconciler().Observe(t.Context(), id))
		require.Equal(t, [][]string{nil}, e.targets)
		require.Equal(t, aegis.StackClean, e.stacks[0].State)
	})
	t.Run("comes back when a change set owns the stack or it can't be read", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		e.leases = []aegis.Lease{{StackID: id, ChangeSetID: "cs-1"}}
		var later interface{ RetryAfter() time.Duration }
		require.ErrorAs(t, e.reconciler().Observe(t.Context(), id), &later)
		require.Len(t, e.pending, 1)
		e.leases, e.refreshErr = nil, errors.New("throttled")
		require.ErrorAs(t, e.reconciler().Observe(t.Context(), id), &later)
		require.Equal(t, aegis.StackUnknown, e.stacks[0].State)
		e.now = e.now.Add(time.Hour)
		require.NoError(t, e.reconciler().Observe(t.Context(), id), "the sweep has it now")
		require.Len(t, e.pending, 1)
		e.refreshErr = nil
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Empty(t, e.pending)
	})
	t.Run("keeps the drift that it did not read", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{tagged()}
		r := e.reconciler()
		require.NoError(t, r.Reconcile(t.Context(), id))
		e.drifted = nil
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		require.NoError(t, r.Observe(t.Context(), id))
		require.Equal(t, aegis.StackDrifted, e.stacks[0].State)
		require.Equal(t, aegis.DriftOpen, e.reports[0].State)
		require.NoError(t, r.Reconcile(t.Context(), id))
		require.Equal(t, aegis.StackClean, e.stacks[0].State)
		require.Equal(t, aegis.DriftCorrected, e.reports[0].State)
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	t.Run("the same drift seen again is the same report", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{opened(), tagged()}
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		r := e.reconciler()
		for range 3 {
			require.NoError(t, r.Reconcile(t.Context(), id))
		}
		require.Len(t, e.reports, 2, "one cause is known, the other is not")
		require.Equal(t, aegis.CauseUnknown, e.reports[1].Cause.Kind)
		require.Equal(t, "tags.owner", e.reports[1].Changes[0].Attribute)
		require.Len(t, e.reports[1].Changes, 1, "tags_all says nothing more")
		require.Equal(t, []string{"drift.detected", "drift.detected"}, e.told)
	})
	t.Run("an event that comes late explains what the sweep found", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		at := e.now.Add(-20 * time.Second)
		e.drifted = []aegis.ResourceChange{opened()}
		r := e.reconciler()
		require.NoError(t, r.Reconcile(t.Context(), id))
		require.Equal(t, aegis.CauseUnknown, e.reports[0].Cause.Kind)
		e.now = e.now.Add(time.Minute)
		e.happens(byAnn("event-1", at), "aws_security_group::web")
		require.NoError(t, r.Observe(t.Context(), id))
		require.Len(t, e.reports, 1)
		require.Equal(t, "event-1", e.reports[0].Cause.EventID)
		require.Equal(t, []string{"drift.detected", "drift.explained"}, e.told)
	})
	t.Run("an event after the sweep saw it explains nothing", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{opened()}
		r := e.reconciler()
		require.NoError(t, r.Reconcile(t.Context(), id))
		e.now = e.now.Add(time.Minute)
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		require.NoError(t, r.Observe(t.Context(), id))
		require.Equal(t, aegis.CauseUnknown, e.reports[0].Cause.Kind)
	})
	t.Run("an event from before the last clean read explains nothing", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.events = []aegis.CloudEvent{byAnn("event-1", e.now.Add(-time.Hour))}
		e.drifted = []aegis.ResourceChange{opened()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.CauseUnknown, e.reports[0].Cause.Kind)
	})
	t.Run("a second hand supersedes the first", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{opened()}
		e.happens(byAnn("event-1", e.now), "aws_security_group::web")
		r := e.reconciler()
		require.NoError(t, r.Observe(t.Context(), id))
		e.now = e.now.Add(time.Minute)
		more := opened()
		more.After["ingress"] = []any{map[string]any{"from_port": 22.0}, map[string]any{"from_port": 3389.0}}
		e.drifted = []aegis.ResourceChange{more}
		bob := byAnn("event-2", e.now)
		bob.Actor.Principal = "bob"
		e.happens(bob, "aws_security_group::web")
		require.NoError(t, r.Observe(t.Context(), id))
		require.Len(t, e.reports, 2)
		require.Equal(t, aegis.DriftSuperseded, e.reports[0].State)
		require.Equal(t, "bob", e.reports[1].Cause.Actor.Principal)
		require.Equal(t, []string{"drift.detected", "drift.detected"}, e.told)
	})
	t.Run("the autopilot's own call is named with its change set", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		own := byAnn("event-1", e.now)
		own.Own, own.ChangeSetID = true, "cs-7"
		e.events = []aegis.CloudEvent{own}
		e.drifted = []aegis.ResourceChange{opened()}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Equal(t, aegis.CauseChangeSet, e.reports[0].Cause.Kind)
		require.Equal(t, "cs-7", e.reports[0].Cause.ChangeSetID)
	})
	t.Run("a deleted resource is one change, by whoever deleted it", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		gone := opened()
		gone.Action, gone.After = aegis.ActionDelete, nil
		e.drifted = []aegis.ResourceChange{gone}
		removal := byAnn("event-1", e.now.Add(-time.Second))
		removal.Name = "DeleteSecurityGroup"
		e.events = []aegis.CloudEvent{byAnn("event-2", e.now), removal}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.reports, 1)
		require.Equal(t, aegis.DriftDeleted, e.reports[0].Kind)
		require.Empty(t, e.reports[0].Changes[0].Attribute)
		require.Equal(t, "DeleteSecurityGroup", e.reports[0].Cause.EventName)
	})
	t.Run("a secret stays masked and is reported", func(t *testing.T) {
		t.Parallel()
		e := watched(t)
		e.drifted = []aegis.ResourceChange{{
			StackID: id, Address: "aws_ssm_parameter::p", Type: "aws_ssm_parameter", Action: aegis.ActionUpdate, Sensitive: []string{"value"},
			Before: map[string]any{"id": "/p", "value": aegis.Masked}, After: map[string]any{"id": "/p", "value": aegis.Masked},
		}}
		require.NoError(t, e.reconciler().Reconcile(t.Context(), id))
		require.Len(t, e.reports[0].Changes, 1)
		require.Equal(t, "value", e.reports[0].Changes[0].Attribute)
		require.Equal(t, aegis.Masked, e.reports[0].Changes[0].After)
	})
}
