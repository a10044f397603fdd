package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/secops"
)

// finding is one in the AWS Security Finding Format.
func finding(id, resource, severity, state string, minute int) string {
	return fmt.Sprintf(`{"SchemaVersion":"2018-10-08","Id":%q,"ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/guardduty","Region":"eu-west-1",
		"AwsAccountId":"111122223333","Types":["x"],"UpdatedAt":"2026-11-28T12:%02d:00Z","Severity":{"Label":%q},"Title":"title of %s",
		"Resources":[{"Id":%q}],"RecordState":%q}`, id, minute, severity, id, resource, state)
}

// exposed is an estate of three stacks: runtime depends on data, edge on runtime.
func exposed(t *testing.T) *postgres.DB {
	t.Helper()
	db := pgtest.Open(t)
	needs := ""
	for _, layer := range []string{"data", "runtime", "edge"} {
		s := aegis.Stack{
			StackID: "prod." + layer + ".eu-west-1", Kind: aegis.TargetPulumiStack, Environment: "prod", Layer: layer, Region: "eu-west-1", State: aegis.StackClean,
		}
		if needs != "" {
			s.DependsOn = []string{needs}
		}
		needs = s.StackID
		require.NoError(t, db.UpsertStack(t.Context(), s))
	}
	require.NoError(t, db.SaveResources(t.Context(), "prod.data.eu-west-1", []aegis.IndexedResource{
		{StackID: "prod.data.eu-west-1", Address: "bucket", Type: "aws_s3_bucket", ID: "orders", ARN: "arn:aws:s3:::orders", Name: "orders"},
		{StackID: "prod.data.eu-west-1", Address: "volume", Type: "aws_ebs_volume", ID: "vol-0123456789abcdef0"},
	}))
	return db
}

func TestFindingsBecomeIncidents(t *testing.T) {
	t.Parallel()
	db := exposed(t)
	intake := secops.NewIntake(db, "111122223333", time.Now)
	take := func(body string) aegis.FindingCounts {
		counts, err := intake.TakeFindings(t.Context(), []byte(body))
		require.NoError(t, err)
		return counts
	}
	first := take("[" + finding("a", "arn:aws:s3:::orders", "HIGH", "ACTIVE", 1) + "," + finding("b", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123456789abcdef0", "LOW", "ACTIVE", 2) + "," +
		finding("c", "arn:aws:s3:::unknown", "MEDIUM", "ACTIVE", 3) + "]")
	require.Equal(t, 3, first.Accepted)
	require.Len(t, first.IncidentIDs, 2, "two are about resources of one stack")

	one, err := db.Incident(t.Context(), first.IncidentIDs[0])
	require.NoError(t, err)
	require.Equal(t, aegis.SeverityHigh, one.Severity)
	require.Equal(t, []string{"prod.data.eu-west-1"}, one.BlastRadius.StackIDs)
	require.Equal(t, []string{"prod.edge.eu-west-1", "prod.runtime.eu-west-1"}, one.BlastRadius.DependentStackIDs)
	require.Len(t, one.SignalSet, 2)
	_, err = db.Incident(t.Context(), "inc-none")
	require.ErrorIs(t, err, aegis.ErrNotFound)

	again := take(finding("a", "arn:aws:s3:::orders", "HIGH", "ACTIVE", 1))
	require.Equal(t, aegis.FindingCounts{Duplicate: 1, IncidentIDs: []string{}}, again)
	require.Equal(t, 1, take(strings.ReplaceAll(finding("d", "x", "HIGH", "ACTIVE", 1), "111122223333", "444455556666")).Ignored, "another account's")
	take(finding("a", "arn:aws:s3:::orders", "HIGH", "ARCHIVED", 4))
	take(finding("b", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-0123456789abcdef0", "LOW", "ARCHIVED", 4))

	ids := func(f aegis.IncidentFilter) (out []string) {
		found, _, err := db.Incidents(t.Context(), f, aegis.Page{})
		require.NoError(t, err)
		for _, i := range found {
			out = append(out, i.IncidentID)
		}
		return out
	}
	require.ElementsMatch(t, first.IncidentIDs, ids(aegis.IncidentFilter{}))
	require.Equal(t, first.IncidentIDs[1:], ids(aegis.IncidentFilter{State: aegis.IncidentOpen}))
	require.Equal(t, first.IncidentIDs[:1], ids(aegis.IncidentFilter{State: aegis.IncidentClosed}))
	require.Equal(t, first.IncidentIDs[:1], ids(aegis.IncidentFilter{Severity: aegis.SeverityHigh}))
	require.Equal(t, first.IncidentIDs[:1], ids(aegis.IncidentFilter{StackID: "prod.data.eu-west-1"}))
	require.Empty(t, ids(aegis.IncidentFilter{StackID: "prod.edge.eu-west-1"}))

	events, err := db.Events(t.Context(), "", 0, 100)
	require.NoError(t, err)
	var told []string
	for _, e := range events {
		if e.Kind == "incident" {
			told = append(told, e.Type)
			require.Contains(t, string(e.Data), `"stack_ids"`)
		}
	}
	require.Equal(t, []string{"incident.opened", "incident.opened", "incident.changed", "incident.closed"}, told)
}

// TestFindingsAtOnceAreOneIncident hands the same in from many sides.
func TestFindingsAtOnceAreOneIncident(t *testing.T) {
	t.Parallel()
	db := exposed(t)
	intake := secops.NewIntake(db, "", time.Now)
	var all sync.WaitGroup
	counts := make([]aegis.FindingCounts, 16)
	errs := make([]error, len(counts))
	for i := range counts {
		all.Go(func() {
			counts[i], errs[i] = intake.TakeFindings(t.Context(), []byte(finding(fmt.Sprintf("f-%d", i/2), "arn:aws:s3:::orders", "HIGH", "ACTIVE", 1)))
		})
	}
	all.Wait()
	accepted := 0
	for i, c := range counts {
		require.NoError(t, errs[i])
		accepted += c.Accepted
	}
	require.Equal(t, len(counts)/2, accepted)
	found, _, err := db.Incidents(t.Context(), aegis.IncidentFilter{}, aegis.Page{})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Len(t, found[0].SignalSet, len(counts)/2)
}
