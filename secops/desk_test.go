package secops

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // constant

// found is a finding that was said some minutes after noon.
func found(id string, minute int, severity aegis.Severity, resources ...string) aegis.Finding {
	return aegis.Finding{
		FindingID: id, Source: "aws/guardduty", Severity: severity, Region: "eu-west-1", Resources: resources, ObservedAt: noon.Add(time.Duration(minute) * time.Minute),
	}
}

func resolved(f aegis.Finding) aegis.Finding {
	f.Resolved = true
	return f
}

// incidents are what was kept after some bodies.
type incidents struct {
	kept   []aegis.SecurityIncident
	places map[string]place
	events []string
	said   map[string]time.Time
}

func (k *incidents) take(findings ...aegis.Finding) aegis.FindingCounts {
	if k.said == nil {
		k.said = map[string]time.Time{}
	}
	d := newDesk(k.kept, k.said, noon)
	d.take(findings, k.places)
	for _, f := range findings {
		if at, ok := k.said[f.Key()]; !ok || f.ObservedAt.After(at) {
			k.said[f.Key()] = f.ObservedAt
		}
	}
	for _, w := range d.writes() {
		k.events = append(k.events, w.Events...)
		i := slices.IndexFunc(k.kept, func(i aegis.SecurityIncident) bool { return i.IncidentID == w.Incident.IncidentID })
		if i < 0 {
			k.kept = append(k.kept, w.Incident)
		} else {
			k.kept[i] = w.Incident
		}
	}
	return d.counts
}

func TestFindingsThatBelongTogetherAreOneIncident(t *testing.T) {
	t.Parallel()
	stack := place{stacks: []string{"prod.data.eu-west-1"}, dependents: []string{"prod.runtime.eu-west-1"}}
	k := &incidents{places: map[string]place{"aws/guardduty a": stack, "aws/guardduty b": stack}}
	first := k.take(found("a", 1, aegis.SeverityMedium, "bucket-1"))
	require.Equal(t, 1, first.Accepted)
	k.take(found("b", 2, aegis.SeverityCritical, "bucket-2"))                      // of the same stack
	k.take(found("c", 3, aegis.SeverityLow, "bucket-2", "key-9"))                  // about the same resource
	k.take(found("d", 4, aegis.SeverityHigh, "elsewhere"))                         // neither
	k.take(found("e", 5, aegis.SeverityInformational, "key-9", "no-one-knows-me")) // joins, and would open none
	require.Equal(t, 1, k.take(found("f", 6, aegis.SeverityInformational, "nowhere")).Ignored)
	require.Len(t, k.kept, 2)
	one := k.kept[0]
	require.Len(t, one.SignalSet, 4)
	require.Equal(t, aegis.SeverityCritical, one.Severity)
	require.Equal(t, aegis.BlastRadius{
		StackIDs: stack.stacks, DependentStackIDs: stack.dependents, Regions: []string{"eu-west-1"},
		Resources: []string{"bucket-1", "bucket-2", "key-9", "no-one-knows-me"},
	}, one.BlastRadius)
	require.Equal(t, aegis.VerificationPending, one.VerificationState)
	require.Equal(t, []string{"incident.opened", "incident.changed", "incident.changed", "incident.opened", "incident.changed"}, k.events)
	require.Equal(t, []string{one.IncidentID}, first.IncidentIDs)
}

func TestAnIncidentClosesWithItsLastFinding(t *testing.T) {
	t.Parallel()
	k := &incidents{}
	k.take(found("a", 1, aegis.SeverityHigh, "x"), found("b", 2, aegis.SeverityLow, "x"))
	k.take(resolved(found("a", 3, aegis.SeverityHigh, "x")))
	require.Equal(t, aegis.IncidentOpen, k.kept[0].State)
	require.Equal(t, aegis.SeverityLow, k.kept[0].Severity, "the worst of those that are left")
	k.take(resolved(found("b", 4, aegis.SeverityLow, "x")))
	require.Equal(t, aegis.IncidentClosed, k.kept[0].State)
	require.Equal(t, aegis.VerificationPassed, k.kept[0].VerificationState)
	require.Equal(t, noon, *k.kept[0].ClosedAt)
	require.Equal(t, aegis.SeverityHigh, k.kept[0].Severity)

	require.Equal(t, 1, k.take(found("a", 2, aegis.SeverityHigh, "x")).Duplicate, "an older word opens nothing")
	require.Equal(t, 1, k.take(resolved(found("a", 6, aegis.SeverityHigh, "x"))).Accepted, "a newer one is kept")
	require.Equal(t, 1, k.take(found("a", 5, aegis.SeverityHigh, "x")).Duplicate)
	require.Len(t, k.kept, 1)
	k.take(found("a", 7, aegis.SeverityHigh, "x"))
	require.Len(t, k.kept, 2, "what comes back is another incident")
	require.Equal(t, []string{"incident.opened", "incident.changed", "incident.closed", "incident.changed", "incident.opened"}, k.events)

	require.Equal(t, 1, k.take(resolved(found("q", 9, aegis.SeverityHigh, "q"))).Ignored, "nobody knew it")
	require.Equal(t, 1, k.take(found("q", 8, aegis.SeverityHigh, "q")).Duplicate, "and an older word does not open it")
	short := &incidents{}
	short.take(found("z", 1, aegis.SeverityLow), resolved(found("z", 2, aegis.SeverityLow)))
	require.Equal(t, []string{"incident.opened", "incident.closed"}, short.events)
}

func TestAnIncidentIsBounded(t *testing.T) {
	t.Parallel()
	k := &incidents{}
	for i := range 2*maxSignals + 1 {
		k.take(found(fmt.Sprintf("f-%d", i), i, aegis.SeverityLow, "x"))
	}
	require.Len(t, k.kept, 3)
	require.Len(t, k.kept[0].SignalSet, maxSignals)
}

// TestWhatIsOpenIsWhatIsActive hands in findings in any order, split into bodies
// anyhow, some twice.
func TestWhatIsOpenIsWhatIsActive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "words")
		var all []aegis.Finding
		newest := map[string]aegis.Finding{}
		for minute := range n {
			f := found(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id"), minute, rapid.SampledFrom([]aegis.Severity{
				aegis.SeverityLow, aegis.SeverityHigh,
			}).Draw(t, "severity"), rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "resource"))
			f.Resolved = rapid.Bool().Draw(t, "resolved")
			all = append(all, f)
			newest[f.FindingID] = f
		}
		all = append(all, all[:rapid.IntRange(0, n).Draw(t, "again")]...)
		k := &incidents{}
		for order := rapid.Permutation(all).Draw(t, "order"); len(order) > 0; {
			size := rapid.IntRange(1, len(order)).Draw(t, "body")
			counts := k.take(order[:size]...)
			require.Equal(t, size, counts.Accepted+counts.Duplicate+counts.Ignored)
			order = order[size:]
		}
		open := map[string]int{}
		for _, i := range k.kept {
			active := 0
			for _, f := range i.SignalSet {
				if i.State == aegis.IncidentOpen && !f.Resolved {
					active++
					open[f.FindingID]++
					require.Equal(t, newest[f.FindingID], f)
				}
			}
			require.Equal(t, i.State == aegis.IncidentOpen, active > 0)
			require.Equal(t, i.State == aegis.IncidentClosed, i.ClosedAt != nil)
		}
		for id, f := range newest {
			want := 1
			if f.Resolved {
				want = 0
			}
			require.Equal(t, want, open[id], id)
		}
	})
}
