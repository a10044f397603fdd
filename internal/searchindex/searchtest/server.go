// Package searchtest is a stand-in for OpenSearch in tests, as strict as could be
// had: where this was written there was no server. It holds each request against
// the OpenAPI description of OpenSearch that the official client comes with (path,
// method, names of parameters, bodies), its signature against the keys, and bodies
// of templates and documents also against closed lists of fields, since that
// description allows more than OpenSearch does. It holds its own answers against
// the description, too. What it does not know is an error of the test, so that
// nothing passes because the stand-in is lenient.
package searchtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

// Region is that of the domain, AccessKey and SecretKey those of its one user.
const (
	Region    = "eu-west-1"
	AccessKey = "AKIASEARCHTEST"
	SecretKey = "a secret of no worth"
)

// maxContent is http.max_content_length of the smallest domains.
const maxContent = 10 << 20

// Server is a domain.
type Server struct {
	URL string

	tb     testing.TB
	spec   *spec
	region string
	keys   aws.Credentials

	mu        sync.Mutex
	templates map[string]map[string]any
	indices   map[string]map[string]*stored
	requests  []string
	fail      func(request string) int
	failItem  func(index, id string) int
}

type stored struct {
	version int
	seq     int
	source  map[string]any
}

// Start runs a domain until the end of the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return StartFor(tb, Region, AccessKey, SecretKey)
}

// StartFor runs a domain for who signs with these keys.
func StartFor(tb testing.TB, region, accessKey, secretKey string) *Server {
	tb.Helper()
	description, err := theSpec()
	require.NoError(tb, err)
	s := &Server{
		tb: tb, spec: description, region: region, keys: aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey},
		templates: map[string]map[string]any{}, indices: map[string]map[string]*stored{},
	}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Fail has requests ("POST /INDEX/_bulk") answered with the status that fail
// returns, unless it is 0; an answered request has done its work.
func (s *Server) Fail(fail func(request string) int) { s.mu.Lock(); defer s.mu.Unlock(); s.fail = fail }

// FailItem has documents of bulk requests refused.
func (s *Server) FailItem(fail func(index, id string) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failItem = fail
}

// Requests are those so far, with their paths.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Indices are the names of the indices, sorted.
func (s *Server) Indices() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.indices {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Make makes an index as somebody else would.
func (s *Server) Make(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indices[name] = map[string]*stored{}
}

// Documents are those of the indices whose names match a pattern, by their ids.
func (s *Server) Documents(pattern string) map[string]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]map[string]any{}
	for name, documents := range s.indices {
		if ok, _ := path.Match(pattern, name); !ok {
			continue
		}
		for id, document := range documents {
			found[id] = document.source
		}
	}
	return found
}

// problem is an answer that is an error.
type problem struct {
	status       int
	kind, reason string
}

func (p *problem) Error() string { return p.kind + ": " + p.reason }

// route is one that the stand-in knows, by its template in the description.
type route struct {
	method, template string
	form             *regexp.Regexp
	// content is the type of its body, "" when it has none.
	content string
	serve   func(s *Server, parts []string, body []byte) (any, *problem)
}

var routes = []route{ //nolint:gochecknoglobals // a table
	{http.MethodPut, "/_index_template/{name}", regexp.MustCompile(`^/_index_template/([^/]+)$`), "application/json", (*Server).putTemplate},
	{http.MethodPost, "/{index}/_bulk", regexp.MustCompile(`^/([^/_][^/]*)/_bulk$`), "application/x-ndjson", (*Server).bulk},
	{http.MethodGet, "/_cat/indices/{index}", regexp.MustCompile(`^/_cat/indices/([^/]+)$`), "", (*Server).catIndices},
	{http.MethodDelete, "/{index}", regexp.MustCompile(`^/([^/_][^/]*)$`), "", (*Server).remove},
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.Method + " " + r.URL.Path
	s.requests = append(s.requests, name)
	if err := s.signed(r.Context(), r, body); err != nil {
		s.tb.Errorf("%s: %v", name, err)
		s.answer(w, &problem{http.StatusForbidden, "security_exception", "the signature does not match"})
		return
	}
	for _, route := range routes {
		if parts := route.form.FindStringSubmatch(r.URL.Path); route.method == r.Method && parts != nil {
			s.answer(w, s.serve(r, route, parts, body))
			return
		}
	}
	s.tb.Errorf("the stand-in does not know %s", name)
	s.answer(w, bad("illegal_argument_exception", "no handler found"))
}

// serve returns the answer, which may be a problem.
func (s *Server) serve(r *http.Request, to route, parts []string, body []byte) any {
	name := r.Method + " " + r.URL.Path
	operation, known := s.spec.operation(to.template, r.Method)
	if !known {
		s.tb.Errorf("OpenSearch has no %s %s", r.Method, to.template)
	}
	allowed := s.spec.parameters(operation)
	for parameter := range r.URL.Query() {
		if !allowed[parameter] {
			return bad("illegal_argument_exception", "contains unrecognized parameter: ["+parameter+"]")
		}
	}
	if kind := r.Header.Get("Content-Type"); (len(body) > 0) != (to.content != "") || len(body) > 0 && kind != to.content {
		s.tb.Errorf("%s: a body of %d bytes is %q", name, len(body), kind)
	}
	if len(body) > maxContent {
		return &problem{http.StatusRequestEntityTooLarge, "content_too_long_exception", "entity content is too long"}
	}
	out, refusal := to.serve(s, parts, body)
	if s.fail != nil {
		if status := s.fail(name); status != 0 {
			return &problem{status, "injected_exception", "of " + string(body[:min(len(body), 200)])}
		}
	}
	if refusal != nil {
		return refusal
	}
	if r.URL.Query().Get("filter_path") == "" {
		s.checkAnswer(operation, out)
	}
	return out
}

// checkAnswer holds an answer of the stand-in against the description.
func (s *Server) checkAnswer(operation map[string]any, out any) {
	responses, _ := operation["responses"].(map[string]any)
	response, _ := responses["200"].(map[string]any)
	ref, _ := response["$ref"].(string)
	text, err := json.Marshal(out)
	if err != nil {
		s.tb.Errorf("encode the answer: %v", err)
		return
	}
	var value any
	_ = json.Unmarshal(text, &value)
	place := append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), "content", "application/json", "schema")
	if err := s.spec.check(s.tb, value, place...); err != nil {
		s.tb.Errorf("the stand-in's answer is none of OpenSearch's: %v", err)
	}
}

func (s *Server) answer(w http.ResponseWriter, out any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if p, ok := out.(*problem); ok {
		cause := map[string]any{"type": p.kind, "reason": p.reason}
		w.WriteHeader(p.status)
		out = map[string]any{"status": p.status, "error": map[string]any{"root_cause": []any{cause}, "type": p.kind, "reason": p.reason}}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// signed makes the request's signature again.
func (s *Server) signed(ctx context.Context, r *http.Request, body []byte) error {
	digest := sha256.Sum256(body)
	hash := hex.EncodeToString(digest[:])
	if got := r.Header.Get("X-Amz-Content-Sha256"); got != hash {
		return fmt.Errorf("X-Amz-Content-Sha256 is %q, not that of the body", got)
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	again := r.Clone(ctx)
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	again.Header = http.Header{}
	for name := range strings.SplitSeq(names, ";") {
		if values := r.Header.Values(name); len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	again.URL.Scheme, again.URL.Host = "http", r.Host
	if err := v4.NewSigner().SignHTTP(ctx, s.keys, again, hash, "es", s.region, at); err != nil {
		return err
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		return fmt.Errorf("authorization is %q, not %q", got, want)
	}
	return nil
}

// decode reads one JSON value without double keys being told apart from
// OpenSearch's: numbers stay as they are written.
func decode(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err = decoder.Decode(&value); err == nil && decoder.More() {
		err = fmt.Errorf("more than one value")
	}
	return value, err
}
