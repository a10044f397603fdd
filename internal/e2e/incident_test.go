package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// TestFindingsAreTold hands in what GuardDuty found about a bucket of the estate, until it
// finds it no more.
func TestFindingsAreTold(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const bucket = "arn:aws:s3:::aegis-sandbox-artifacts-123456789012-us-east-1"
	submit := func(state string, at time.Time) aegis.FindingCounts {
		file := filepath.Join(t.TempDir(), "findings.json")
		require.NoError(t, os.WriteFile(file, encoded(t, map[string]any{"Findings": []any{map[string]any{
			"SchemaVersion": "2018-10-08", "Id": "e2e-" + t.Name(), "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty",
			"AwsAccountId": "123456789012", "Region": "us-east-1", "Types": []string{"Effects/Data Exposure"}, "UpdatedAt": at.Format(time.RFC3339),
			"Severity": map[string]any{"Label": "CRITICAL"}, "Title": "Somebody reads the bucket", "RecordState": state,
			"Resources": []any{map[string]any{"Type": "AwsS3Bucket", "Id": bucket}},
		}}}), 0o600))
		out, code := aegisCLI(ctx, t, "incident", "submit", file, "-o", "json")
		require.Zero(t, code, out)
		var counts aegis.FindingCounts
		require.NoError(t, json.Unmarshal([]byte(out), &counts))
		return counts
	}
	seen := time.Now().Add(-time.Minute)
	first := submit("ACTIVE", seen)
	require.Equal(t, 1, first.Accepted)
	require.Len(t, first.IncidentIDs, 1)
	require.Equal(t, 1, submit("ACTIVE", seen).Duplicate)

	show := func(args ...string) (aegis.SecurityIncident, int) {
		out, code := aegisCLI(ctx, t, append([]string{"incident", "show", first.IncidentIDs[0], "-o", "json"}, args...)...)
		var i aegis.SecurityIncident
		require.NoError(t, json.Unmarshal([]byte(out), &i), out)
		return i, code
	}
	open, code := show("--fail-on", "incident")
	require.Equal(t, 3, code)
	require.Equal(t, []string{"sandbox.data.us-east-1"}, open.BlastRadius.StackIDs)
	out, code := aegisCLI(ctx, t, "incident", "list", "--stack", "sandbox.data.us-east-1", "--state", "open", "--severity", "high")
	require.Zero(t, code, out)
	require.Contains(t, out, open.IncidentID)

	submit("ARCHIVED", seen.Add(time.Second))
	closed, code := show("--fail-on", "incident")
	require.Zero(t, code)
	require.Equal(t, aegis.IncidentClosed, closed.State)
	require.Equal(t, aegis.VerificationPassed, closed.VerificationState)
}
