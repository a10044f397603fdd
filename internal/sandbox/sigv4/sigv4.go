// Package sigv4 reads and checks AWS Signature Version 4, in the form of an
// Authorization header or of a presigned query. It follows "Create a signed
// AWS API request" in the IAM User Guide.
package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	timeForm  = "20060102T150405Z"
	// maxPresigned is the longest validity that AWS grants a presigned request.
	maxPresigned = 7 * 24 * time.Hour
)

// Errors of Parse and Verify.
var (
	// ErrMissing says that the request bears no signature at all.
	ErrMissing = errors.New("request is not signed")
	// ErrIncomplete says that a signature is there but can't be read.
	ErrIncomplete = errors.New("signature is malformed")
	// ErrMismatch says that the signature is not the key's over this request.
	ErrMismatch = errors.New("signature does not match")
	// ErrExpired says that the request was signed too long ago, or for later.
	ErrExpired = errors.New("signature is expired or not yet valid")
)

// Signature is a request's claim of who sent it, for which region and service.
type Signature struct {
	AccessKeyID string
	// Date is the scope's day, YYYYMMDD.
	Date    string
	Region  string
	Service string
	// Time is when the request was signed.
	Time time.Time
	// Expires is the validity of a presigned request; 0 for a header.
	Expires time.Duration
	// Token is the session token, empty for long-lived keys.
	Token     string
	Presigned bool

	// scope is the credential after the key, as it was signed.
	scope         string
	signedHeaders []string
	value         string
}

// Parse reads the signature of a request without checking it. It returns
// ErrMissing or ErrIncomplete.
func Parse(r *http.Request) (Signature, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return parseHeader(r, header)
	}
	query := r.URL.Query()
	if query.Get("X-Amz-Algorithm") != "" {
		return parseQuery(query)
	}
	return Signature{}, ErrMissing
}

func parseHeader(r *http.Request, header string) (Signature, error) {
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok || rest == "" || (rest[0] != ' ' && rest[0] != '\t') {
		return Signature{}, fmt.Errorf("%w: the algorithm must be %s", ErrIncomplete, algorithm)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return Signature{}, fmt.Errorf("%w: a part has no value", ErrIncomplete)
		}
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	if date == "" {
		date = httpDate(r.Header.Get("Date"))
	}
	return assemble(claim{
		credential: fields["Credential"],
		headers:    fields["SignedHeaders"],
		value:      fields["Signature"],
		date:       date,
		token:      r.Header.Get("X-Amz-Security-Token"),
	})
}

func parseQuery(query url.Values) (Signature, error) {
	if query.Get("X-Amz-Algorithm") != algorithm {
		return Signature{}, fmt.Errorf("%w: the algorithm must be %s", ErrIncomplete, algorithm)
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > maxPresigned {
		return Signature{}, fmt.Errorf("%w: X-Amz-Expires must be 1 to 604800", ErrIncomplete)
	}
	s, err := assemble(claim{
		credential: query.Get("X-Amz-Credential"),
		headers:    query.Get("X-Amz-SignedHeaders"),
		value:      query.Get("X-Amz-Signature"),
		date:       query.Get("X-Amz-Date"),
		token:      query.Get("X-Amz-Security-Token"),
	})
	s.Presigned = true
	s.Expires = time.Duration(seconds) * time.Second
	return s, err
}

// claim holds a signature's parts as they stood in the request.
type claim struct {
	credential, headers, value, date, token string
}

func assemble(c claim) (Signature, error) {
	scope := strings.Split(c.credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return Signature{}, fmt.Errorf("%w: the credential must be KEY/DATE/REGION/SERVICE/aws4_request", ErrIncomplete)
	}
	if slices.Contains(scope, "") {
		return Signature{}, fmt.Errorf("%w: the credential has an empty part", ErrIncomplete)
	}
	at, err := time.Parse(timeForm, c.date)
	if err != nil {
		return Signature{}, fmt.Errorf("%w: the date must be YYYYMMDDTHHMMSSZ", ErrIncomplete)
	}
	if at.Format("20060102") != scope[1] {
		return Signature{}, fmt.Errorf("%w: the credential's date is not the request's", ErrIncomplete)
	}
	if c.headers == "" || c.value == "" {
		return Signature{}, fmt.Errorf("%w: SignedHeaders and Signature are required", ErrIncomplete)
	}
	return Signature{
		AccessKeyID:   scope[0],
		Date:          scope[1],
		Region:        strings.ToLower(scope[2]),
		Service:       strings.ToLower(scope[3]),
		Time:          at,
		Token:         c.token,
		scope:         strings.Join(scope[1:], "/"),
		signedHeaders: strings.Split(c.headers, ";"),
		value:         c.value,
	}, nil
}

func httpDate(date string) string {
	at, err := http.ParseTime(date)
	if err != nil {
		return ""
	}
	return at.UTC().Format(timeForm)
}
