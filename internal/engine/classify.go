package engine

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// classify marks a message by what it tells: aegis.ErrProvider when AWS, or the
// provider on its behalf, refused, aegis.ErrUnavailable when trying again may
// help, and neither when an engine is at fault.
func classify(msg string) error {
	codes := awsCodes(msg)
	switch {
	case strings.Contains(msg, "stack is currently locked") || strings.Contains(msg, "Error acquiring the state lock"):
		return fmt.Errorf("%w: %s", aegis.ErrUnavailable, msg)
	case slices.ContainsFunc(codes, func(code string) bool { return !transient(code) }):
		return fmt.Errorf("%w: %s", aegis.ErrProvider, msg)
	case len(codes) > 0 || unreachable(msg):
		return fmt.Errorf("%w: %s", aegis.ErrUnavailable, msg)
	case refusal(msg):
		return fmt.Errorf("%w: %s", aegis.ErrProvider, msg)
	default:
		return errors.New(msg)
	}
}

// awsCodes are the error codes of AWS in a message, as the SDK prints them.
func awsCodes(msg string) []string {
	var codes []string
	for _, m := range regexp.MustCompile(`api error ([A-Za-z0-9._-]+)`).FindAllStringSubmatch(msg, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// transient says that a code tells of load, of an outage or of an expired
// session.
func transient(code string) bool {
	return throttling(code) || containsAny(code, []string{
		"Unavailable", "InternalFailure", "InternalError", "InternalServer", "RequestTimeout", "ExpiredToken",
	})
}

// throttling says that a code tells of too many calls.
func throttling(code string) bool {
	return containsAny(code, []string{"Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"})
}

func containsAny(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}

// unreachable says that AWS did not answer.
func unreachable(msg string) bool {
	for _, part := range []string{
		"connection refused", "no such host", "i/o timeout", "request send failed", "StatusCode: 0,", "StatusCode: 5",
		"connection reset by peer", "TLS handshake timeout",
	} {
		if strings.Contains(msg, part) {
			return true
		}
	}
	return false
}

// refusal recognises what the provider says about a resource in its own words.
func refusal(msg string) bool {
	return regexp.MustCompile(`https response error StatusCode: 4|` +
		`(creating|updating|deleting|reading|modifying|putting|setting) [A-Z][A-Za-z0-9 ]+.*: `).MatchString(msg)
}
