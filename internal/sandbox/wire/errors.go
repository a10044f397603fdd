package wire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// APIError is an error answer of an API.
type APIError struct {
	// Code is the error's name, such as "AccessDenied".
	Code    string
	Message string
	// Status is the HTTP status.
	Status int
}

// Error gives "code: message".
func (f *APIError) Error() string { return f.Code + ": " + f.Message }

// Reason is a cause of refusal that each protocol names in its own way.
type Reason int

// The reasons.
const (
	MissingToken Reason = iota
	UnknownKey
	BadSignature
	Incomplete
	Expired
	Denied
	Throttled
	Unavailable
	TooLarge
)

// named is a code and an HTTP status.
type named struct {
	code   string
	status int
}

// Refuse makes the fault that AWS answers for the reason in the call's protocol.
func (c Call) Refuse(reason Reason, message string) *APIError {
	n := c.name(reason)
	return &APIError{Code: n.code, Message: message, Status: n.status}
}

// name finds the reason among what is special to the protocol, then among what
// is common.
func (c Call) name(reason Reason) named {
	if n, ok := c.specialNames()[reason]; ok {
		return n
	}
	return commonNames()[reason]
}

func (c Call) specialNames() map[Reason]named {
	switch c.Protocol {
	case EC2:
		return ec2Names()
	case S3:
		return s3Names()
	case JSON, CBOR:
		return jsonNames(http.StatusBadRequest)
	case RESTJSON:
		return jsonNames(http.StatusForbidden)
	case Query, RESTXML:
		return nil
	default:
		return nil
	}
}

func commonNames() map[Reason]named {
	return map[Reason]named{
		MissingToken: {"MissingAuthenticationToken", http.StatusForbidden},
		UnknownKey:   {"InvalidClientTokenId", http.StatusForbidden},
		BadSignature: {"SignatureDoesNotMatch", http.StatusForbidden},
		Incomplete:   {"IncompleteSignature", http.StatusBadRequest},
		Expired:      {"ExpiredToken", http.StatusForbidden},
		Denied:       {"AccessDenied", http.StatusForbidden},
		Throttled:    {"Throttling", http.StatusBadRequest},
		Unavailable:  {"ServiceUnavailable", http.StatusServiceUnavailable},
		TooLarge:     {"RequestEntityTooLarge", http.StatusRequestEntityTooLarge},
	}
}

func ec2Names() map[Reason]named {
	return map[Reason]named{
		UnknownKey:   {"AuthFailure", http.StatusUnauthorized},
		BadSignature: {"AuthFailure", http.StatusUnauthorized},
		Expired:      {"RequestExpired", http.StatusBadRequest},
		Denied:       {"UnauthorizedOperation", http.StatusForbidden},
		Throttled:    {"RequestLimitExceeded", http.StatusServiceUnavailable},
		Unavailable:  {"Unavailable", http.StatusServiceUnavailable},
	}
}

func s3Names() map[Reason]named {
	return map[Reason]named{
		MissingToken: {"AccessDenied", http.StatusForbidden},
		UnknownKey:   {"InvalidAccessKeyId", http.StatusForbidden},
		Incomplete:   {"AuthorizationHeaderMalformed", http.StatusBadRequest},
		Expired:      {"ExpiredToken", http.StatusBadRequest},
		Throttled:    {"SlowDown", http.StatusServiceUnavailable},
		TooLarge:     {"EntityTooLarge", http.StatusBadRequest},
	}
}

func jsonNames(refused int) map[Reason]named {
	return map[Reason]named{
		MissingToken: {"MissingAuthenticationTokenException", refused},
		UnknownKey:   {"UnrecognizedClientException", refused},
		BadSignature: {"InvalidSignatureException", refused},
		Incomplete:   {"IncompleteSignatureException", refused},
		Expired:      {"ExpiredTokenException", refused},
		Denied:       {"AccessDeniedException", refused},
		Throttled:    {"ThrottlingException", http.StatusBadRequest},
		Unavailable:  {"ServiceUnavailableException", http.StatusServiceUnavailable},
		TooLarge:     {"RequestEntityTooLargeException", http.StatusRequestEntityTooLarge},
	}
}

// Response is a whole HTTP answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Fail encodes the fault in the call's protocol. requestID goes where the
// protocol has its place for it.
func (c Call) Fail(f *APIError, requestID string) Response {
	header := http.Header{"X-Amzn-Requestid": {requestID}}
	var body string
	switch c.Protocol {
	case JSON, RESTJSON:
		header.Set("Content-Type", "application/json")
		header.Set("X-Amzn-Errortype", f.Code)
		text, _ := json.Marshal(map[string]string{"__type": f.Code, "message": f.Message})
		body = string(text)
	case CBOR:
		header.Set("Content-Type", "application/cbor")
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		body = "\xa2" + cborText("__type") + cborText(f.Code) + cborText("message") + cborText(f.Message)
	case EC2:
		header.Set("Content-Type", "text/xml;charset=UTF-8")
		body = fmt.Sprintf("<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"+
			"<RequestID>%s</RequestID></Response>", EscapeXML(f.Code), EscapeXML(f.Message), requestID)
	case S3:
		header.Set("Content-Type", "application/xml")
		header.Set("X-Amz-Request-Id", requestID)
		body = fmt.Sprintf("<Error><Code>%s</Code><Message>%s</Message><RequestId>%s</RequestId></Error>",
			EscapeXML(f.Code), EscapeXML(f.Message), requestID)
	case Query, RESTXML:
		header.Set("Content-Type", "text/xml")
		body = fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"+
			"<RequestId>%s</RequestId></ErrorResponse>", EscapeXML(f.Code), EscapeXML(f.Message), requestID)
	}
	if c.Method == http.MethodHead {
		body = ""
	}
	return Response{Status: f.Status, Header: header, Body: []byte(body)}
}

// EscapeXML makes a text safe between tags.
func EscapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// cborText encodes a text string of at most 65535 bytes (RFC 8949, major type 3).
func cborText(s string) string {
	if len(s) > 0xffff {
		s = s[:0xffff]
	}
	switch n := len(s); {
	case n < 24:
		return string([]byte{0x60 | byte(n)}) + s
	case n < 256:
		return string([]byte{0x78, byte(n)}) + s
	default:
		return string([]byte{0x79, byte(n >> 8 & 0xff), byte(n & 0xff)}) + s
	}
}
