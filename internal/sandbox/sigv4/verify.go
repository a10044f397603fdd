package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Skew is how far a request's clock may be from ours.
const Skew = 15 * time.Minute

// Verify checks that the request, with this body, was signed with secret and
// is still valid at now. It returns ErrMismatch or ErrExpired.
func (s Signature) Verify(r *http.Request, body []byte, secret string, now time.Time) error {
	if err := s.checkTime(now); err != nil {
		return err
	}
	if !slices.Contains(s.signedHeaders, "host") {
		return fmt.Errorf("%w: header host must be signed", ErrMismatch)
	}
	payload, err := s.payloadHash(r, body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(s.canonicalRequest(r, payload)))
	toSign := algorithm + "\n" + s.Time.Format(timeForm) + "\n" + s.scope + "\n" + hex.EncodeToString(sum[:])
	want := hex.EncodeToString(mac(signingKey(secret, s.scope), toSign))
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.value)) != 1 {
		return ErrMismatch
	}
	return nil
}

func (s Signature) checkTime(now time.Time) error {
	if s.Presigned {
		if now.After(s.Time.Add(s.Expires)) || s.Time.After(now.Add(Skew)) {
			return ErrExpired
		}
		return nil
	}
	if d := now.Sub(s.Time); d > Skew || d < -Skew {
		return ErrExpired
	}
	return nil
}

// payloadHash is the hash that the client signed. A hash that was declared
// must be the body's, unless it says that the body is unsigned or streamed.
func (s Signature) payloadHash(r *http.Request, body []byte) (string, error) {
	declared := r.Header.Get("X-Amz-Content-Sha256")
	if declared == "UNSIGNED-PAYLOAD" || strings.HasPrefix(declared, "STREAMING-") {
		return declared, nil
	}
	if s.Presigned && s.Service == "s3" {
		return "UNSIGNED-PAYLOAD", nil
	}
	sum := sha256.Sum256(body)
	actual := hex.EncodeToString(sum[:])
	if declared != "" && declared != actual {
		return "", fmt.Errorf("%w: the body's SHA-256 is not the declared one", ErrMismatch)
	}
	return actual, nil
}

func (s Signature) canonicalRequest(r *http.Request, payload string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + s.canonicalPath(r) + "\n" + s.canonicalQuery(r) + "\n")
	for _, name := range s.signedHeaders {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(s.signedHeaders, ";") + "\n" + payload)
	return b.String()
}

// canonicalPath is the path as it was sent; every service but S3 escapes it
// once more.
func (s Signature) canonicalPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if r.RequestURI == "" {
		path = r.URL.EscapedPath()
	}
	if path == "" {
		path = "/"
	}
	if s.Service == "s3" {
		return path
	}
	return escape(path, true)
}

func (s Signature) canonicalQuery(r *http.Request) string {
	var pairs []string
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = unescape(name), unescape(value)
		if s.Presigned && name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, escape(name, false)+"="+escape(value, false))
	}
	slices.SortFunc(pairs, compareQuery)
	return strings.Join(pairs, "&")
}

// compareQuery orders by name and then by value, which is not the order of
// the joined strings where one name begins with the other.
func compareQuery(a, b string) int {
	an, av, _ := strings.Cut(a, "=")
	bn, bv, _ := strings.Cut(b, "=")
	if c := strings.Compare(an, bn); c != 0 {
		return c
	}
	return strings.Compare(av, bv)
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func signingKey(secret, scope string) []byte {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// escape is the URI encoding of RFC 3986 over bytes.
func escape(s string, keepSlash bool) string {
	const upper = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~', keepSlash && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upper[c>>4])
			b.WriteByte(upper[c&15])
		}
	}
	return b.String()
}
