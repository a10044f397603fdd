package searchtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/searchindex/searchtest"
)

// watched is a test whose errors are kept.
type watched struct {
	testing.TB

	mu   sync.Mutex
	errs []string
}

func (w *watched) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, fmt.Sprintf(format, args...))
}

// ask sends a request with a signature by these keys.
func ask(t *testing.T, s *searchtest.Server, secret, method, path, content, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	if content != "" {
		req.Header.Set("Content-Type", content)
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	keys := aws.Credentials{AccessKeyID: searchtest.AccessKey, SecretAccessKey: secret}
	require.NoError(t, v4.NewSigner().SignHTTP(context.Background(), keys, req, hash, "es", searchtest.Region, time.Now()))
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(answer)
}

const template = `{"index_patterns":["logs-*"],"priority":1,"template":{"mappings":{"dynamic":"strict","properties":{
	"n":{"type":"integer"},"at":{"type":"date"},"word":{"type":"keyword","ignore_above":9},"open":{"type":"object","enabled":false},
	"steps":{"type":"nested","properties":{"name":{"type":"keyword"}}}}}}}`

// TestTheStandInIsStrict holds what it refuses; an empty answer is one that only
// fails the test.
func TestTheStandInIsStrict(t *testing.T) {
	t.Parallel()
	const plain, lines = "application/json", "application/x-ndjson"
	document := func(text string) string { return `{"index":{"_id":"1"}}` + "\n" + text + "\n" }
	for name, test := range map[string]struct {
		method, path, content, body string
		status                      int
		answer, complaint           string
	}{
		"a good template":               {"PUT", "/_index_template/logs", plain, template, 200, `"acknowledged":true`, ""},
		"a good document":               {"POST", "/logs-1/_bulk", lines, document(`{"n":1,"at":"2026-03-31T12:00:00Z","word":"w","open":{"x":[1]},"steps":[{"name":"a"}]}`), 200, `"result":"created"`, ""},
		"a path of none":                {"POST", "/_nothing", plain, `{}`, 400, "no handler", "does not know"},
		"a parameter of none":           {"PUT", "/_index_template/logs?force=true", plain, template, 400, "unrecognized parameter: [force]", ""},
		"a body of a wrong kind":        {"POST", "/logs-1/_bulk", plain, document(`{}`), 200, "", `is "application/json"`},
		"a template's field":            {"PUT", "/_index_template/logs", plain, `{"index_patterns":["a"],"settings":{}}`, 400, "unknown field [settings]", ""},
		"a template's type":             {"PUT", "/_index_template/logs", plain, `{"index_patterns":["a"],"priority":"high"}`, 400, "x_content_parse_exception", ""},
		"a mapping's type":              {"PUT", "/_index_template/logs", plain, strings.Replace(template, "integer", "whole", 1), 400, "_exception", ""},
		"a mapping's parameter":         {"PUT", "/_index_template/logs", plain, strings.Replace(template, "ignore_above", "at_most", 1), 400, "unknown parameter [at_most]", ""},
		"a lenient mapping":             {"PUT", "/_index_template/logs", plain, strings.Replace(template, "strict", "true", 1), 200, "", "by chance"},
		"a template that meets another": {"PUT", "/_index_template/more", plain, strings.Replace(template, "logs-*", "logs-1*", 1), 400, "same priority", ""},
		"a name":                        {"POST", "/Logs/_bulk", lines, document(`{}`), 400, "invalid_index_name_exception", ""},
		"an index of no template":       {"POST", "/notes/_bulk", lines, document(`{}`), 400, "", "without a template"},
		"lines without an end":          {"POST", "/logs-1/_bulk", lines, `{"index":{}}`, 400, "terminated by a newline", ""},
		"an action":                     {"POST", "/logs-1/_bulk", lines, `{"index":{"_id":"1","_type":"doc"}}` + "\n{}\n", 400, "_type", ""},
		"a field of a document":         {"POST", "/logs-1/_bulk", lines, document(`{"m":1}`), 200, "strict_dynamic_mapping_exception", ""},
		"a field of a step":             {"POST", "/logs-1/_bulk", lines, document(`{"steps":[{"m":1}]}`), 200, "strict_dynamic_mapping_exception", ""},
		"a number too large":            {"POST", "/logs-1/_bulk", lines, document(`{"n":3000000000}`), 200, "mapper_parsing_exception", ""},
		"a date that is none":           {"POST", "/logs-1/_bulk", lines, document(`{"at":"today"}`), 200, "mapper_parsing_exception", ""},
		"all indices at once":           {"DELETE", "/logs-*", "", "", 400, "Wildcard", ""},
		"an index that is gone":         {"DELETE", "/logs-2", "", "", 404, "index_not_found_exception", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &watched{TB: t}
			s := searchtest.Start(seen)
			status, _ := ask(t, s, searchtest.SecretKey, http.MethodPut, "/_index_template/first", plain, template)
			require.Equal(t, http.StatusOK, status)
			if strings.HasSuffix(test.path, "/logs") || strings.Contains(test.path, "/logs?") {
				s = searchtest.Start(seen)
			}
			status, answer := ask(t, s, searchtest.SecretKey, test.method, test.path, test.content, test.body)
			require.Equal(t, test.status, status, answer)
			require.Contains(t, answer, test.answer)
			if test.complaint == "" {
				require.Empty(t, seen.errs)
				return
			}
			require.Contains(t, strings.Join(seen.errs, "\n"), test.complaint)
		})
	}
}

func TestTheStandInChecksSignatures(t *testing.T) {
	t.Parallel()
	seen := &watched{TB: t}
	status, _ := ask(t, searchtest.Start(seen), "another secret", http.MethodPut, "/_index_template/logs", "application/json", template)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, strings.Join(seen.errs, ""), "authorization is")
}
