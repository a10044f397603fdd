package webhooks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		types, stacks []string
		kind, stack   string
		want          bool
	}{
		{nil, nil, TypeDriftDetected, "", true},
		{[]string{"aegis.drift.*"}, nil, TypeDriftCorrected, "a", true},
		{[]string{"aegis.drift.*"}, nil, TypeChangeSetDenied, "a", false},
		{[]string{TypeChangeSetDenied, "aegis.incident.*"}, nil, TypeIncidentOpened, "", true},
		{nil, []string{"prod.*.eu-west-1"}, TypeDriftDetected, "prod.network.eu-west-1", true},
		{nil, []string{"prod.*.eu-west-1"}, TypeDriftDetected, "prod.network.us-east-1", false},
		{nil, []string{"*"}, TypeIncidentOpened, "", false},
		{nil, []string{"["}, TypeIncidentOpened, "[", false},
	} {
		require.Equal(t, c.want, wants(aegis.Webhook{EventTypes: c.types, Stacks: c.stacks}, c.kind, c.stack), "%+v", c)
	}
}

// TestPlanTellsEverybodyOnce compares plans with a plain reading of the rules.
func TestPlanTellsEverybodyOnce(t *testing.T) {
	t.Parallel()
	stacks := []string{"a", "b", "c"}
	rapid.Check(t, func(rt *rapid.T) {
		var events []aegis.Event
		for i := range rapid.IntRange(0, 6).Draw(rt, "events") {
			data, err := json.Marshal(map[string]any{"stack_ids": rapid.SliceOf(rapid.SampledFrom(stacks)).Draw(rt, "stacks")})
			require.NoError(rt, err)
			events = append(events, aegis.Event{
				Seq: int64(i + 1), ID: "x", Type: rapid.SampledFrom(append(EventTypes(), "goal.accepted", "change_set.progress")).Draw(rt, "type"),
				Data: data, At: time.Unix(1e9, 0),
			})
		}
		var subscribers []Subscriber
		for i := range rapid.IntRange(0, 3).Draw(rt, "webhooks") {
			subscribers = append(subscribers, Subscriber{AfterSeq: rapid.Int64Range(0, 3).Draw(rt, "after"), Webhook: aegis.Webhook{
				WebhookID: fmt.Sprintf("wh-%d", i), Stacks: rapid.SliceOfN(rapid.SampledFrom(stacks), 0, 2).Draw(rt, "filter"),
				Format: rapid.SampledFrom([]aegis.WebhookFormat{aegis.WebhookCloudEvents, aegis.WebhookTeams}).Draw(rt, "format"),
			}})
		}
		plan := Plan(events, subscribers)
		require.Equal(rt, plan, Plan(events, subscribers), "whoever plans comes to the same")
		ids := map[string]bool{}
		told := map[string]int{}
		for i, e := range plan {
			require.True(rt, i == 0 || plan[i-1].Seq <= e.Seq, "in order")
			for _, target := range e.Targets {
				require.False(rt, ids[target.DeliveryID])
				ids[target.DeliveryID] = true
				told[fmt.Sprintf("%s %d", target.WebhookID, e.Seq)]++
			}
		}
		for _, e := range events {
			for _, s := range subscribers {
				want := 0
				for _, stack := range stacksOf(e) {
					if typeOf(e) != "" && e.Seq > s.AfterSeq && wants(s.Webhook, typeOf(e), stack) {
						want++
					}
				}
				if s.Format != aegis.WebhookCloudEvents {
					want = min(want, 1)
				}
				require.Equal(rt, want, told[fmt.Sprintf("%s %d", s.WebhookID, e.Seq)])
			}
		}
	})
}

func TestSequencesSortAsStrings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.Int64Range(1, 1<<31-1).Draw(rt, "a"), rapid.Int64Range(1, 1<<31-1).Draw(rt, "b")
		sequence := func(n int64) string {
			body, err := newCloudEvent("prod", aegis.WebhookDelivery{Sequence: n}, aegis.Event{})
			require.NoError(rt, err)
			var c cloudEvent
			require.NoError(rt, json.Unmarshal(body, &c))
			return c.Sequence
		}
		require.Equal(rt, a < b, sequence(a) < sequence(b))
	})
}

func TestLargeEventsAreCutShort(t *testing.T) {
	t.Parallel()
	var r aegis.DriftReport
	r.DriftReportID, r.StackID = "drift-1", "a"
	for range 5000 {
		r.Changes = append(r.Changes, aegis.DriftChange{Address: "x", Attribute: "y", Before: 1, After: 2})
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	body, err := newCloudEvent("prod", aegis.WebhookDelivery{EventType: TypeDriftDetected}, aegis.Event{Data: data})
	require.NoError(t, err)
	require.Less(t, len(body), 64<<10)
	var c struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal(body, &c))
	require.Equal(t, true, c.Data["truncated"])
	require.Equal(t, "drift-1", c.Data["drift_report_id"])
	require.NotContains(t, c.Data, "changes")
}

// hostile is text that means something to Slack, Teams, JSON or a terminal.
const hostile = "<!channel> <https://evil.example|click> *b* [x](https://evil.example) & \x1b[31m \u202e \x00 :boom: \"\\"

func TestChatsShowHostileTextAsItIs(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(aegis.DriftReport{
		StackID: hostile, Kind: hostile, Cause: aegis.DriftCause{Actor: &aegis.CloudActor{Principal: hostile, SourceIP: strings.Repeat("9", 10000)}},
		Changes: slices.Repeat([]aegis.DriftChange{{Address: hostile, After: hostile}}, 100),
	})
	require.NoError(t, err)
	c := newCard(aegis.WebhookDelivery{EventType: TypeDriftDetected}, aegis.Event{Data: data})
	body, err := newSlack(c)
	require.NoError(t, err)
	var slack struct {
		Text   string
		Blocks []slackBlock
	}
	require.NoError(t, json.Unmarshal(body, &slack))
	require.NotContains(t, slack.Text, "<")
	for _, b := range slack.Blocks {
		require.LessOrEqual(t, len(b.Fields), 10)
		for _, text := range append(b.Fields, b.Elements...) {
			require.Equal(t, "plain_text", text.Type)
			require.NotContains(t, text.Text, "\x1b")
			require.LessOrEqual(t, utf8.RuneCountInString(text.Text), 2000)
		}
		if b.Text != nil {
			require.Equal(t, "plain_text", b.Text.Type)
			require.LessOrEqual(t, utf8.RuneCountInString(b.Text.Text), map[string]int{"header": 150, "section": 3000}[b.Type])
		}
	}
	require.NotContains(t, string(body), "\u202e")

	body, err = newTeams(c)
	require.NoError(t, err)
	require.Less(t, len(body), 28<<10, "what Teams takes")
	require.NotContains(t, string(body), `"TextBlock"`, "which would be Markdown")
	require.Contains(t, string(body), "and 90 more")
}

func TestWhatChatsAreTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for kind, c := range map[string]struct {
		data any
		want []string
	}{
		TypeDriftDetected: {aegis.DriftReport{
			DriftReportID: "drift-1", StackID: "prod.network.eu-west-1", Kind: aegis.DriftChanged,
			Cause: aegis.DriftCause{Kind: "event", EventName: "AuthorizeSecurityGroupIngress", At: &at, Actor: &aegis.CloudActor{Principal: "deploy", Session: "mallory", SourceIP: "198.51.100.7"}},
			Changes: []aegis.DriftChange{
				{Address: "sg", Attribute: "ingress", After: 22, Decision: aegis.CorrectDrift},
				{ResourceID: "arn:x", After: map[string]any{"a": 1}, Decision: aegis.ReportDrift},
			},
		}, []string{
			"Drift detected in prod.network.eu-west-1: changed", "deploy as mallory", "198.51.100.7", "AuthorizeSecurityGroupIngress",
			"2026-01-02 03:04:05 UTC", `sg ingress: none → 22 (correct)`, `arn:x: none → {\"a\":1} (report)`,
		}},
		TypeChangeSetDenied: {map[string]any{
			"change_set_id": "cs-1", "summary": "open port 22", "stack_ids": []string{"a", "b"},
			"denials": []aegis.RuleResult{{Code: "world_open_admin_port", Msg: "port 22 is open"}}, "error": "denied",
		}, []string{"Change set denied: open port 22", "a, b", "cs-1", "world_open_admin_port: port 22 is open"}},
		TypeChangeSetRolledBack: {map[string]any{"summary": "x", "error": "check is red"}, []string{"Change set rolled back: x", "check is red"}},
		TypeIncidentOpened: {aegis.SecurityIncident{
			IncidentID: "inc-1", Severity: aegis.SeverityHigh, BlastRadius: aegis.BlastRadius{DependentStackIDs: []string{"prod.edge.eu-west-1"}, Regions: []string{"eu-west-1"}},
			SignalSet: []aegis.Finding{{Source: "aws/guardduty", Title: "Somebody reads a bucket", Severity: aegis.SeverityHigh, Resources: []string{"arn:x"}}},
		}, []string{
			"Incident opened, high: Somebody reads a bucket", "prod.edge.eu-west-1", "eu-west-1", "inc-1", "aws/guardduty, high: Somebody reads a bucket (arn:x)",
		}},
		TypeIncidentClosed:  {map[string]any{"severity": "high"}, []string{"Incident closed, high: no findings"}},
		TypeWebhookDisabled: {map[string]any{"reason": "it answered 410 Gone", "url": "https://x"}, []string{"Webhook disabled", "it answered 410 Gone", "https://x"}},
		TypeWebhookTest:     {nil, []string{"Webhook test"}},
	} {
		data, err := json.Marshal(c.data)
		require.NoError(t, err)
		told := newCard(aegis.WebhookDelivery{EventType: kind}, aegis.Event{ID: "some-id", Data: data})
		slack, err := newSlack(told)
		require.NoError(t, err)
		teams, err := newTeams(told)
		require.NoError(t, err)
		for _, want := range c.want {
			require.Contains(t, string(slack), want, kind)
			require.Contains(t, string(teams), want, kind)
		}
	}
}

// FuzzBodies writes whatever is in an event into all formats.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `[]`, `{"stack_ids":[1]}`, `{"stack_id":"a","cause":{"actor":{}}}`, `{"changes":[{"before":1e999}]}`, "\xff", `{"a":` + `"\ud800"}`} {
		f.Add([]byte(seed), "drift-1", "prod.network.eu-west-1")
	}
	f.Fuzz(func(t *testing.T, data []byte, id, stack string) {
		e := aegis.Event{Seq: 1, ID: id, Type: "drift.detected", Data: data, At: time.Unix(1e9, 0)}
		for _, entry := range Plan([]aegis.Event{e}, []Subscriber{{Webhook: aegis.Webhook{WebhookID: "wh-1", Format: aegis.WebhookCloudEvents}}}) {
			require.Len(t, entry.Targets, 1)
		}
		for _, kind := range append(Types(), TypeWebhookTest) {
			d := aegis.WebhookDelivery{EventType: kind, StackID: stack, Sequence: 1}
			body, err := newCloudEvent("prod", d, e)
			require.NoError(t, err)
			require.True(t, json.Valid(body))
			card := newCard(d, e)
			slack, err := newSlack(card)
			require.NoError(t, err)
			teams, err := newTeams(card)
			require.NoError(t, err)
			require.True(t, json.Valid(slack) && json.Valid(teams) && utf8.Valid(slack) && utf8.Valid(teams))
		}
	})
}
