package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
)

const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

func parse(tb rapid.TB, text string) policy.Document {
	tb.Helper()
	d, err := policy.Parse(text)
	require.NoError(tb, err)
	return d
}

func statement(tb rapid.TB, body string) policy.Document {
	tb.Helper()
	return parse(tb, `{"Version":"2012-10-17","Statement":[{`+body+`}]}`)
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	request := policy.Request{
		Action: "s3:PutObject", Resource: "arn:aws:s3:::logs/2026/a",
		Context: policy.Context{"aws:requestedregion": {"eu-west-1"}, "aws:username": {"bob"}, "aws:sourceip": {"10.1.2.3"}},
	}
	tests := map[string]struct {
		policies []string
		want     policy.Decision
	}{
		"denies when nothing is said":                         {nil, policy.ImplicitDeny},
		"allows by wildcard":                                  {[]string{`"Effect":"Allow","Action":"s3:Put*","Resource":"arn:aws:s3:::logs/*"`}, policy.Allow},
		"compares actions without case":                       {[]string{`"Effect":"Allow","Action":"S3:putobject","Resource":"*"`}, policy.Allow},
		"denies another action":                               {[]string{`"Effect":"Allow","Action":"s3:Get*","Resource":"*"`}, policy.ImplicitDeny},
		"denies another resource":                             {[]string{`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::other/*"`}, policy.ImplicitDeny},
		"allows by exclusion":                                 {[]string{`"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::other/*"`}, policy.Allow},
		"lets an explicit deny win":                           {[]string{`"Effect":"Allow","Action":"*","Resource":"*"`, `"Effect":"Deny","Action":"s3:PutObject","Resource":"*"`}, policy.ExplicitDeny},
		"expands variables":                                   {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"${aws:username}"}}`}, policy.Allow},
		"matches nothing by an unset one":                     {[]string{`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}*"`}, policy.ImplicitDeny},
		"honours the region":                                  {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}}`}, policy.Allow},
		"denies in another region":                            {[]string{`"Effect":"Allow","Action":"*","Resource":"*"`, `"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}`}, policy.ExplicitDeny},
		"needs every condition":                               {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringLike":{"aws:username":"a*"}}`}, policy.ImplicitDeny},
		"knows networks":                                      {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`}, policy.Allow},
		"does not allow by an operator that it does not know": {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringSounds":{"aws:username":"bob"}}`}, policy.ImplicitDeny},
		"denies by an operator that it does not know":         {[]string{`"Effect":"Allow","Action":"*","Resource":"*"`, `"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringSounds":{"aws:username":"bob"}}`}, policy.ExplicitDeny},
		"does not allow by an absent key":                     {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`}, policy.ImplicitDeny},
		"allows by an absent key with IfExists":               {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":true}}`}, policy.Allow},
		"sees that a key is absent":                           {[]string{`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:MultiFactorAuthPresent":"true"}}`}, policy.Allow},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var identity []policy.Document
			for _, text := range test.policies {
				identity = append(identity, statement(t, text))
			}
			require.Equal(t, test.want, policy.Evaluate(request, policy.Policies{Identity: identity}))
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	ctx := policy.Context{"k": {"v"}, "n": {"7"}, "at": {"2026-05-04T12:00:00Z"}, "tags": {"a", "b"}, "arn": {"arn:aws:iam::1:role/x/y"}}
	holds := func(condition string) bool {
		d := statement(t, `"Effect":"Allow","Action":"*","Resource":"*","Condition":`+condition)
		r := policy.Request{Action: "a:B", Resource: "arn:aws:a:::b", Context: ctx}
		return policy.Evaluate(r, policy.Policies{Identity: []policy.Document{d}}) == policy.Allow
	}
	for condition, want := range map[string]bool{
		`{"StringNotEquals":{"k":"w"}}`:                        true,
		`{"StringNotEquals":{"k":["w","v"]}}`:                  false,
		`{"StringNotEquals":{"absent":"w"}}`:                   true,
		`{"StringEqualsIgnoreCase":{"K":"V"}}`:                 true,
		`{"NumericLessThan":{"n":10}}`:                         true,
		`{"NumericGreaterThanEquals":{"n":"8"}}`:               false,
		`{"NumericEquals":{"k":"1"}}`:                          false,
		`{"DateLessThan":{"at":"2027-01-01T00:00:00Z"}}`:       true,
		`{"DateGreaterThan":{"at":"2027-01-01T00:00:00Z"}}`:    false,
		`{"ArnLike":{"arn":"arn:aws:iam::1:role/x/*"}}`:        true,
		`{"ArnLike":{"arn":"arn:aws:iam::*"}}`:                 false,
		`{"ArnNotLike":{"arn":"arn:aws:iam::2:*"}}`:            true,
		`{"ForAllValues:StringEquals":{"tags":["a","b","c"]}}`: true,
		`{"ForAllValues:StringEquals":{"tags":["a"]}}`:         false,
		`{"ForAllValues:StringEquals":{"absent":["a"]}}`:       true,
		`{"ForAnyValue:StringEquals":{"tags":["b"]}}`:          true,
		`{"ForAnyValue:StringEquals":{"absent":["b"]}}`:        false,
		`{"Null":{"k":false}}`:                                 true,
		`{"NotIpAddress":{"k":"10.0.0.0/8"}}`:                  false,
	} {
		require.Equal(t, want, holds(condition), condition)
	}
}

func TestNarrowing(t *testing.T) {
	t.Parallel()
	onlyEC2 := statement(t, `"Effect":"Allow","Action":"ec2:*","Resource":"*"`)
	all := []policy.Document{parse(t, everything)}
	ec2 := policy.Request{Action: "ec2:CreateVpc", Resource: policy.Unknown}
	iam := policy.Request{Action: "iam:CreateUser", Resource: policy.Unknown}

	t.Run("a boundary narrows", func(t *testing.T) {
		t.Parallel()
		p := policy.Policies{Identity: all, Boundary: &onlyEC2}
		require.Equal(t, policy.Allow, policy.Evaluate(ec2, p))
		require.Equal(t, policy.ImplicitDeny, policy.Evaluate(iam, p))
	})
	t.Run("a session policy narrows", func(t *testing.T) {
		t.Parallel()
		p := policy.Policies{Identity: all, Session: []policy.Document{onlyEC2}}
		require.Equal(t, policy.Allow, policy.Evaluate(ec2, p))
		require.Equal(t, policy.ImplicitDeny, policy.Evaluate(iam, p))
	})
	t.Run("neither grants", func(t *testing.T) {
		t.Parallel()
		boundary := parse(t, everything)
		p := policy.Policies{Boundary: &boundary, Session: all}
		require.Equal(t, policy.ImplicitDeny, policy.Evaluate(ec2, p))
	})
}

func TestEvaluateTrust(t *testing.T) {
	t.Parallel()
	who := policy.Principal{ARNs: []string{"arn:aws:iam::123456789012:user/bob"}, AccountID: "123456789012"}
	for principal, want := range map[string]policy.Trust{
		`{"AWS":"arn:aws:iam::123456789012:user/bob"}`: policy.Trusted,
		`"*"`: policy.Trusted,
		`{"AWS":["arn:aws:iam::123456789012:root"]}`:  policy.Delegated,
		`{"AWS":"123456789012"}`:                      policy.Delegated,
		`{"AWS":"arn:aws:iam::210987654321:root"}`:    policy.Untrusted,
		`{"AWS":"arn:aws:iam::123456789012:user/b*"}`: policy.Untrusted,
		`{"Service":"ec2.amazonaws.com"}`:             policy.Untrusted,
	} {
		d, err := policy.ParseTrust(`{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + `}]}`)
		require.NoError(t, err)
		require.Equal(t, want, policy.EvaluateTrust(d, "sts:AssumeRole", who, nil), principal)
	}
	d, err := policy.ParseTrust(`{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},
		{"Effect":"Deny","Action":"sts:*","Principal":{"AWS":"arn:aws:iam::123456789012:user/bob"}}]}`)
	require.NoError(t, err)
	require.Equal(t, policy.Untrusted, policy.EvaluateTrust(d, "sts:AssumeRole", who, nil))
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `[]`, `{}`, `{"Statement":"x"}`, `{"Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Resource":"*"}]}`, `{"Statement":[{"Effect":"Allow","Action":[],"Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":{}}}}]}`,
	} {
		_, err := policy.Parse(text)
		require.ErrorIs(t, err, policy.ErrMalformed, text)
	}
}

// Whatever else is said, a deny of everything denies, and narrowing never
// allows more than the identity policies.
func TestEvaluateProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) policy.Document {
			effect := rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, label+" effect")
			action := rapid.SampledFrom([]string{"*", "ec2:*", "ec2:Create?pc", "iam:*", "s3:Get*"}).Draw(t, label+" action")
			resource := rapid.SampledFrom([]string{"*", "arn:aws:ec2:*", "arn:aws:s3:::x"}).Draw(t, label+" resource")
			return statement(t, `"Effect":"`+effect+`","Action":"`+action+`","Resource":"`+resource+`"`)
		}
		identity := []policy.Document{draw("first"), draw("second")}
		boundary := draw("boundary")
		r := policy.Request{
			Action:   rapid.SampledFrom([]string{"ec2:CreateVpc", "iam:CreateUser", "s3:GetObject"}).Draw(t, "action"),
			Resource: rapid.SampledFrom([]string{"*", "arn:aws:ec2:r:1:vpc/v", "arn:aws:s3:::x"}).Draw(t, "resource"),
		}
		plain := policy.Evaluate(r, policy.Policies{Identity: identity})
		narrowed := policy.Evaluate(r, policy.Policies{Identity: identity, Boundary: &boundary, Session: identity})
		if narrowed == policy.Allow {
			require.Equal(t, policy.Allow, plain)
		}
		deny := statement(t, `"Effect":"Deny","Action":"*","Resource":"*"`)
		require.Equal(t, policy.ExplicitDeny, policy.Evaluate(r, policy.Policies{Identity: append(identity, deny)}))
	})
}

func FuzzParse(f *testing.F) {
	f.Add(everything)
	f.Add(`{"Statement":[{"Effect":"Deny","NotAction":["a:b"],"NotResource":"${x","Condition":{"ForAnyValue:StringLikeIfExists":{"k":[1,true,"*"]}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := policy.Parse(text)
		if err != nil {
			require.ErrorIs(t, err, policy.ErrMalformed)
			return
		}
		r := policy.Request{Action: "ec2:CreateVpc", Resource: "arn:aws:ec2:r:1:vpc/v", Context: policy.Context{"k": {"v"}}}
		policy.Evaluate(r, policy.Policies{Identity: []policy.Document{d}})
	})
}
