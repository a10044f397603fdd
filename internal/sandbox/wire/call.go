// Package wire reads AWS API calls and writes AWS API errors in the protocols
// that SDKs speak: query, EC2 query, JSON 1.0 and 1.1, REST JSON, REST XML and
// Smithy RPC v2 CBOR. It knows as much of each service as the sandbox needs to
// name a call's action.
package wire

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Protocol is how a service's requests and responses are encoded.
type Protocol int

// The protocols.
const (
	Query Protocol = iota + 1
	EC2
	JSON
	RESTJSON
	RESTXML
	S3
	CBOR
)

// Call is one API call.
type Call struct {
	Protocol Protocol
	// Service is the signing name, such as "ec2" or "monitoring".
	Service string
	// Region is the one that the client signed for.
	Region string
	// Action is the operation's name, such as "CreateVpc".
	Action string
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte

	form url.Values
}

// Decode names the call that a signed request makes.
func Decode(r *http.Request, body []byte, service, region string) Call {
	c := Call{Service: service, Region: region, Method: r.Method, URL: r.URL, Header: r.Header, Body: body}
	switch {
	case service == "s3":
		c.Protocol, c.Action = S3, s3Action(r.Method, bucketAndKey(r.URL), r.URL.Query(), r.Header)
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		c.Protocol, c.Action = CBOR, lastSegment(r.URL.Path)
	case r.Header.Get("X-Amz-Target") != "":
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		c.Protocol, c.Action = JSON, action
	default:
		c.decodeRest(r)
	}
	return c
}

func (c *Call) decodeRest(r *http.Request) {
	if form := queryForm(r, c.Body); form.Get("Action") != "" {
		c.Protocol, c.form, c.Action = Query, form, form.Get("Action")
		if c.Service == "ec2" {
			c.Protocol = EC2
		}
		return
	}
	switch c.Service {
	case "route53", "cloudfront":
		c.Protocol = RESTXML
	case "ec2":
		c.Protocol = EC2
	case "iam", "sts", "autoscaling", "sns", "elasticloadbalancing", "rds", "elasticache", "cloudformation":
		c.Protocol = Query
	default:
		c.Protocol = RESTJSON
	}
	c.Action = restAction(c.Service, r.Method, r.URL)
}

// queryForm is the form of a query-protocol request, in its body or, as
// presigned requests have it, in its URL.
func queryForm(r *http.Request, body []byte) url.Values {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
			return form
		}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodPost {
		return r.URL.Query()
	}
	return nil
}

// Form is a query call's parameters by their flat names, such as
// "Tags.member.1.Key"; nil for other protocols.
func (c Call) Form() url.Values { return c.form }

// WithForm returns the call with the parameter set, for a query call whose
// parameters stood in its body.
func (c Call) WithForm(name, value string) Call {
	form := maps.Clone(c.form)
	form.Set(name, value)
	c.form = form
	c.Body = []byte(form.Encode())
	return c
}

func lastSegment(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}
