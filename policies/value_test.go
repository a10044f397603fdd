package policies

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"
)

// FuzzParseInput holds that parseInput reads what OPA's own reader reads.
func FuzzParseInput(f *testing.F) {
	for _, seed := range []string{
		`null`, `true`, `-0`, `1e400`, `12345678901234567890.5`, `"\u00e9\ud83d\ude00\n"`, `[]`, `{}`, `[1,[2,{"a":[]}]]`,
		`{"a":1,"a":2}`, `{"a\u0062":"x","ab":"y"}`, `{"diff":[{"type":"aws_vpc","after":{"tags":{"Name":"x"}}}]}`, `{"":""}`, ` { } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) {
			_, _ = parseInput(raw) // no panic
			return
		}
		want, wantErr := ast.ValueFromReader(bytes.NewReader(raw))
		got, err := parseInput(raw)
		if wantErr != nil || strings.Count(string(raw), "[")+strings.Count(string(raw), "{") > 250 {
			return
		}
		if err != nil && strings.Contains(err.Error(), "twice") || bytes.Contains(bytes.ToLower(raw), []byte(`\ud`)) {
			return // json.Marshal writes no surrogates
		}
		require.NoError(t, err)
		require.Zero(t, ast.Compare(want, got), "%s reads as %s", want, got)
	})
}

func TestParseInputRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `{`, `{"a":}`, `[1,]`, `nan`, "\"\xe7\"", `{"a":1,"a":2}`, `{"a\u0062":1,"ab":1}`, `{"a":inf}`, strings.Repeat("[", 400)} {
		_, err := parseInput([]byte(raw))
		require.Error(t, err, raw)
	}
}
