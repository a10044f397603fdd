package asff_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/secops/asff"
)

// finding is as Security Hub passes one of GuardDuty on.
const finding = `{
	"SchemaVersion": "2018-10-08", "Id": "arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f1",
	"ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/guardduty", "ProductName": "GuardDuty", "CompanyName": "Amazon",
	"Region": "eu-west-1", "GeneratorId": "arn:aws:guardduty:eu-west-1:111122223333:detector/d", "AwsAccountId": "111122223333",
	"Types": ["TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort", "Other"], "FirstObservedAt": "2026-11-01T10:00:00Z",
	"CreatedAt": "2026-11-01T10:00:00Z", "UpdatedAt": "2026-11-01T12:00:00.123+01:00", "Severity": {"Product": 2, "Label": "LOW", "Normalized": 40},
	"Title": "An unprotected port\nis\u202eprobed.\u0000", "Description": "long", "ProductFields": {"a": "b"},
	"Resources": [
		{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc1234567890def", "Partition": "aws", "Region": "eu-west-1"},
		{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc1234567890def"}, {"Id": "a\u0007b"}, {"Id": ""}
	],
	"WorkflowState": "NEW", "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE"
}`

func TestAFindingIsReadInEveryShape(t *testing.T) {
	t.Parallel()
	quoted, err := json.Marshal(finding)
	require.NoError(t, err)
	event := `{"version":"0","source":"aws.securityhub","detail-type":"Security Hub Findings - Imported","detail":{"findings":[` + finding + `]}}`
	for name, body := range map[string]string{
		"a finding": finding, "a list": "[" + finding + "]", "as imported": `{"Findings":[` + finding + `]}`, "EventBridge": event,
		"SNS": `{"Type":"Notification","MessageId":"m","Message":` + string(quoted) + `}`,
	} {
		b, err := asff.Parse([]byte(body))
		require.NoError(t, err, name)
		require.Equal(t, asff.Batch{Findings: []aegis.Finding{{
			FindingID: "arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f1", Source: "aws/guardduty",
			Type: "TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort", Title: "An unprotected port isprobed.", Severity: aegis.SeverityLow,
			AccountID: "111122223333", Region: "eu-west-1", Resources: []string{"arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc1234567890def"},
			ObservedAt: time.Date(2026, 11, 1, 11, 0, 0, 123e6, time.UTC),
		}}}, b, name)
	}
}

// with is the finding with members replaced.
func with(t *testing.T, members map[string]any) []byte {
	t.Helper()
	var f map[string]any
	require.NoError(t, json.Unmarshal([]byte(finding), &f))
	maps.Copy(f, members)
	text, err := json.Marshal(f)
	require.NoError(t, err)
	return text
}

func TestSeverityAndStateAreThoseOfSecurityHub(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]aegis.Severity{
		0: aegis.SeverityInformational, 1: aegis.SeverityLow, 39: aegis.SeverityLow, 40: aegis.SeverityMedium, 69: aegis.SeverityMedium,
		70: aegis.SeverityHigh, 89: aegis.SeverityHigh, 90: aegis.SeverityCritical, 100: aegis.SeverityCritical,
	} {
		b, err := asff.Parse(with(t, map[string]any{"Severity": map[string]any{"Normalized": n}}))
		require.NoError(t, err)
		require.Equal(t, want, b.Findings[0].Severity, n)
	}
	for name, members := range map[string]map[string]any{
		"archived": {"RecordState": "ARCHIVED"}, "resolved": {"Workflow": map[string]any{"Status": "RESOLVED"}}, "suppressed": {"Workflow": map[string]any{"Status": "SUPPRESSED"}},
	} {
		b, err := asff.Parse(with(t, members))
		require.NoError(t, err)
		require.True(t, b.Findings[0].Resolved, name)
	}
}

func TestWhatIsNoFinding(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "7", `"x"`, "{}", "[", "null", `{"Records":[]}`, `{"Type":"Notification"}`, `{"Type":"SubscriptionConfirmation","Message":"x"}`,
		"[" + strings.Repeat("{},", 1000) + "{}]", strings.Repeat(" ", 1<<20) + finding,
		strings.Repeat(`{"detail-type":"Security Hub Findings - Imported","detail":`, 9) + finding + strings.Repeat("}", 9),
	} {
		_, err := asff.Parse([]byte(body))
		require.ErrorIs(t, err, aegis.ErrInvalid, "%.80s", body)
	}
	b, err := asff.Parse([]byte(`{"detail-type":"GuardDuty Finding","detail":{"id":"x"}}`))
	require.NoError(t, err)
	require.Equal(t, asff.Batch{Ignored: 1}, b)
	for name, members := range map[string]map[string]any{
		"no id": {"Id": ""}, "an id that hides something": {"Id": "a\u200bb"}, "a long id": {"Id": strings.Repeat("x", 513)}, "no time": {"UpdatedAt": "yesterday"},
		"no severity": {"Severity": map[string]any{}}, "an odd severity": {"Severity": map[string]any{"Label": "HUGE"}}, "a number beyond": {"Severity": map[string]any{"Normalized": 101}},
		"a type of its own": {"Title": 7},
	} {
		b, err := asff.Parse(with(t, members))
		require.NoError(t, err, name)
		require.Equal(t, asff.Batch{Malformed: 1}, b, name)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	var about []map[string]any
	for i := range 100 {
		about = append(about, map[string]any{"Id": fmt.Sprintf("r-%d", i)})
	}
	b, err := asff.Parse(with(t, map[string]any{"Resources": about, "Title": strings.Repeat("ü", 1000), "Types": []string{strings.Repeat("t", 1000)}}))
	require.NoError(t, err)
	require.Len(t, b.Findings[0].Resources, 32)
	require.Equal(t, strings.Repeat("ü", 128), b.Findings[0].Title)
	require.Len(t, b.Findings[0].Type, 256)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(finding))
	f.Add([]byte(`{"Findings":[` + finding + `,7]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := asff.Parse(body)
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrInvalid)
			return
		}
		for _, found := range b.Findings {
			require.NotEmpty(t, found.FindingID)
			require.NotZero(t, found.Severity.Rank())
			require.LessOrEqual(t, len(found.Title), 256)
		}
	})
}
