package front

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEventPattern(t *testing.T) {
	t.Parallel()
	const event = `{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","detail":{"readOnly":false,"eventName":"RunInstances","n":3,"list":["a","b"]}}`
	for pattern, want := range map[string]bool{
		`{"source":["aws.ec2"]}`: true,
		`{"source":["aws.s3","aws.ec2"],"detail":{"readOnly":[false]}}`: true,
		`{"source":["aws.s3"]}`:                                                         false,
		`{"detail":{"readOnly":[true]}}`:                                                false,
		`{"detail":{"eventName":[{"prefix":"Run"}]}}`:                                   true,
		`{"detail":{"eventName":[{"suffix":"Rules"}]}}`:                                 false,
		`{"detail":{"eventName":[{"equals-ignore-case":"runinstances"}]}}`:              true,
		`{"source":[{"anything-but":"aws.sts"}]}`:                                       true,
		`{"source":[{"anything-but":["aws.sts","aws.ec2"]}]}`:                           false,
		`{"source":[{"anything-but":{"prefix":"aws."}}]}`:                               false,
		`{"detail":{"errorCode":[{"exists":false}]}}`:                                   true,
		`{"detail":{"eventName":[{"exists":false}]}}`:                                   false,
		`{"detail":{"n":[3]}}`:                                                          true,
		`{"detail":{"list":["b"]}}`:                                                     true,
		`{"detail":{"list":["c"]}}`:                                                     false,
		`{"detail":{"missing":{"deep":["x"]}}}`:                                         false,
		`{"detail":{"eventName":[{"cidr":"10.0.0.0/8"}]}}`:                              false,
		`{"source":"aws.ec2"}`:                                                          false,
		`{"detail-type":["AWS API Call via CloudTrail"],"detail":{"x":[{"prefix":7}]}}`: false,
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			var e map[string]any
			require.NoError(t, json.Unmarshal([]byte(event), &e))
			p, err := parsePattern(pattern)
			require.NoError(t, err)
			require.Equal(t, want, p.matches(e))
		})
	}
	for _, text := range []string{``, `{}`, `[]`, `"x"`} {
		_, err := parsePattern(text)
		require.Error(t, err)
	}
}
