package trail_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/drift/trail"
)

func openPort() string { return recordOf(ec2Calls()[0]) }

// with replaces members of the record; nil removes one.
func with(tb testing.TB, members map[string]any) string {
	tb.Helper()
	var r map[string]any
	require.NoError(tb, json.Unmarshal([]byte(openPort()), &r))
	for name, value := range members {
		if value == nil {
			delete(r, name)
		} else {
			r[name] = value
		}
	}
	text, err := json.Marshal(r)
	require.NoError(tb, err)
	return string(text)
}

func TestParseShapes(t *testing.T) {
	t.Parallel()
	envelope := `{"version":"0","id":"e","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","detail":` + openPort() + `}`
	message, err := json.Marshal(envelope)
	require.NoError(t, err)
	for name, body := range map[string]string{
		"one record":                            openPort(),
		"a file of records":                     `{"Records":[` + openPort() + `]}`,
		"a list":                                `[` + openPort() + `]`,
		"an EventBridge event":                  envelope,
		"an SNS notification of an EventBridge": `{"Type":"Notification","MessageId":"m","Message":` + string(message) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch, err := trail.New().Parse([]byte(body))
			require.NoError(t, err)
			require.Len(t, batch.Events, 1)
			e := batch.Events[0]
			require.Equal(t, "0f3c5a3e-7c44-4c3b-9e11-4be3d0c3a001", e.EventID)
			require.Equal(t, "ec2.amazonaws.com", e.Source)
			require.Equal(t, "AuthorizeSecurityGroupIngress", e.Name)
			require.Equal(t, "eu-west-1", e.Region)
			require.Equal(t, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), e.At)
			require.Equal(t, aegis.CloudActor{
				Principal: "ann", ARN: "arn:aws:iam::123456789012:user/ann", AccessKeyID: "AKIA1", SourceIP: "192.0.2.7", UserAgent: "aws-cli/2.15",
			}, e.Actor)
		})
	}
}

func TestParseActors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		identity           map[string]any
		principal, session string
	}{
		"a role's session": {map[string]any{
			"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/ops/ann@example.com",
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{"userName": "ops"}},
		}, "ops", "ann@example.com"},
		"root":         {map[string]any{"type": "Root", "arn": "arn:aws:iam::1:root"}, "root", ""},
		"a service":    {map[string]any{"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com", ""},
		"nobody known": {map[string]any{}, "unknown", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch, err := trail.New().Parse([]byte(with(t, map[string]any{"userIdentity": c.identity})))
			require.NoError(t, err)
			require.Equal(t, c.principal, batch.Events[0].Actor.Principal)
			require.Equal(t, c.session, batch.Events[0].Actor.Session)
		})
	}
}

func TestParseIgnores(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]map[string]any{
		"a refused call":              {"errorCode": "Client.UnauthorizedOperation"},
		"a read":                      {"readOnly": true},
		"a read that does not say so": {"readOnly": nil, "eventName": "DescribeVpcs"},
		"a session":                   {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole"},
		"data":                        {"managementEvent": false},
		"a sign-in":                   {"eventType": "AwsConsoleSignIn"},
		"its own reading of a queue":  {"eventSource": "sqs.amazonaws.com", "eventName": "DeleteMessageBatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch, err := trail.New().Parse([]byte(with(t, members)))
			require.NoError(t, err)
			require.Equal(t, trail.Batch{Ignored: 1}, batch)
		})
	}
	batch, err := trail.New().Parse([]byte(`{"detail-type":"EC2 Instance State-change Notification","detail":{}}`))
	require.NoError(t, err)
	require.Equal(t, trail.Batch{Ignored: 1}, batch)
}

func TestParseMalformed(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]map[string]any{
		"no id":          {"eventID": nil},
		"an odd id":      {"eventID": "'; DROP TABLE events --"},
		"no time":        {"eventTime": "yesterday"},
		"the year 9999":  {"eventTime": "9999-01-01T00:00:00Z"},
		"no source":      {"eventSource": "evil.example.com"},
		"a list as name": {"eventName": []any{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch, err := trail.New().Parse([]byte(`[` + with(t, members) + `,` + openPort() + `,17]`))
			require.NoError(t, err)
			require.Len(t, batch.Events, 1)
			require.Equal(t, 2, batch.Malformed)
		})
	}
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "{", "a number": "7", "another object": `{"a":1}`,
		"nesting":       strings.Repeat("[", 50) + strings.Repeat("]", 50),
		"deep nesting":  strings.Repeat(`{"Records":[`, 20000),
		"a large body":  `"` + strings.Repeat("x", trail.MaxBody) + `"`,
		"an empty note": `{"Type":"Notification","Message":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch, err := trail.New().Parse([]byte(body))
			require.Empty(t, batch.Events)
			if name != "nesting" {
				require.ErrorIs(t, err, aegis.ErrInvalid)
			}
		})
	}
}

func TestParseBoundsWhatItKeeps(t *testing.T) {
	t.Parallel()
	many := make([]any, 5000)
	for i := range many {
		many[i] = map[string]any{"arn": "arn:aws:s3:::bucket-" + strings.Repeat("x", i%50) + string(rune('a'+i%26))}
	}
	deep := any("arn:aws:s3:::deep")
	for range 500 {
		deep = []any{deep}
	}
	body := with(t, map[string]any{
		"eventName": "SomethingNew", "requestParameters": map[string]any{"many": many, "deep": deep},
		"userAgent": strings.Repeat("é\x00", 5000),
	})
	batch, err := trail.New().Parse([]byte(body))
	require.NoError(t, err)
	e := batch.Events[0]
	require.LessOrEqual(t, len(e.Refs), 200)
	require.LessOrEqual(t, len(e.Actor.UserAgent), 512)
	require.NotContains(t, e.Actor.UserAgent, "\x00")
}

// sound says what must hold of every event that is taken in.
func sound(t require.TestingT, batch trail.Batch) {
	for _, e := range batch.Events {
		require.Regexp(t, `^[0-9A-Za-z-]{8,64}$`, e.EventID)
		require.NotEmpty(t, e.Actor.Principal)
		require.LessOrEqual(t, len(e.Refs), 200)
		for _, key := range e.Keys() {
			require.NotContains(t, key, "\x00")
			require.LessOrEqual(t, len(key), 2048)
		}
		for _, text := range []string{e.AccountID, e.Actor.Principal, e.Actor.ARN, e.Actor.Session, e.Actor.AccessKeyID, e.Actor.UserAgent} {
			require.True(t, utf8.ValidString(text))
			require.NotContains(t, text, "\x00")
		}
	}
}

func FuzzParse(f *testing.F) {
	p := trail.New()
	f.Add([]byte(openPort()))
	f.Add([]byte(`{"Records":[` + openPort() + `,{}]}`))
	f.Add([]byte(`{"detail-type":"AWS API Call via CloudTrail","detail":` + openPort() + `}`))
	f.Add([]byte(`{"Type":"Notification","Message":"[]"}`))
	f.Add([]byte(strings.Replace(openPort(), "ann", `\u0000`, 3)))
	for _, c := range runtimeCalls() {
		f.Add([]byte(recordOf(c)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, err := p.Parse(body)
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrInvalid)
		}
		sound(t, batch)
	})
}

func TestParseTakesWhatParametersHold(t *testing.T) {
	t.Parallel()
	p := trail.New()
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringMatching(`sg-[0-9a-f]{8,17}`).Draw(r, "id")
		depth := rapid.IntRange(0, 15).Draw(r, "depth")
		value := any(id)
		for range depth {
			value = map[string]any{rapid.StringMatching(`[a-z]{1,6}`).Draw(r, "name"): []any{value}}
			depth--
		}
		text, err := json.Marshal(map[string]any{"x": value})
		require.NoError(r, err)
		body := recordOf(call{source: "ec2", name: "SomethingNew", request: string(text)})
		batch, err := p.Parse([]byte(body))
		require.NoError(r, err)
		sound(r, batch)
		if strings.Count(string(text), "[") <= 11 {
			require.Contains(r, batch.Events[0].Keys(), id)
		}
	})
}
