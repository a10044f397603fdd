package front

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// authorize judges a call by the caller's policies, permission boundary and
// session policies. AssumeRole is judged with the role's trust policy instead.
func (f *Front) authorize(r *http.Request, c wire.Call, who caller) *wire.APIError {
	if c.Service == "sts" {
		return nil
	}
	request := policy.Request{
		Action:   actionName(c),
		Resource: f.resource(c),
		Context:  f.conditionKeys(r, c, who),
	}
	decision, err := f.decide(r.Context(), who, request)
	if err != nil {
		f.logger.WarnContext(r.Context(), "authorize call", "action", request.Action, "error", err)
		return c.Refuse(wire.Unavailable, "The caller's policies could not be read.")
	}
	return refusal(c, who, request, decision)
}

func refusal(c wire.Call, who caller, request policy.Request, decision policy.Decision) *wire.APIError {
	because := "because no identity-based policy allows the " + request.Action + " action"
	switch decision {
	case policy.Allow:
		return nil
	case policy.ExplicitDeny:
		because = "with an explicit deny in a policy"
	case policy.ImplicitDeny:
	}
	return c.Refuse(wire.Denied, fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s",
		who.arn, request.Action, request.Resource, because))
}

// decide evaluates the request. A principal that was deleted may do nothing.
func (f *Front) decide(ctx context.Context, who caller, request policy.Request) (policy.Decision, error) {
	p, err := f.principal(ctx, who)
	if errors.Is(err, errNoPrincipal) {
		return policy.ImplicitDeny, nil
	}
	if err != nil {
		return policy.ImplicitDeny, err
	}
	for name, value := range p.tags {
		request.Context["aws:principaltag/"+strings.ToLower(name)] = []string{value}
	}
	if s := who.key.Session; s != nil {
		for name, value := range s.Tags {
			request.Context["aws:principaltag/"+strings.ToLower(name)] = []string{value}
		}
	}
	session, err := f.sessionPolicies(ctx, who.key.Session)
	if err != nil {
		return policy.ImplicitDeny, err
	}
	return policy.Evaluate(request, policy.Policies{Identity: p.policies, Boundary: p.boundary, Session: session}), nil
}

func (f *Front) principal(ctx context.Context, who caller) (principal, error) {
	if who.role() {
		p, err := f.access.role(ctx, who.key.Session.RoleName)
		if err == nil && p.id != who.key.Session.RoleID {
			return principal{}, errNoPrincipal
		}
		return p, err
	}
	return f.access.user(ctx, who.key.User)
}

// sessionPolicies are nil for a session without any.
func (f *Front) sessionPolicies(ctx context.Context, s *session) ([]policy.Document, error) {
	if s == nil || len(s.Policies)+len(s.PolicyARNs) == 0 {
		return nil, nil
	}
	var out []policy.Document
	for _, text := range s.Policies {
		document, err := policy.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("read session policy: %w", err)
		}
		out = append(out, document)
	}
	for _, arn := range s.PolicyARNs {
		document, err := f.access.managed(ctx, arn)
		if err != nil {
			return nil, err
		}
		out = append(out, document)
	}
	return out, nil
}

// conditionKeys are the keys of a request that policies may test.
func (f *Front) conditionKeys(r *http.Request, c wire.Call, who caller) policy.Context {
	keys := policy.Context{
		"aws:requestedregion":  {f.recordRegion(c)},
		"aws:principalarn":     {who.principalARN()},
		"aws:principalaccount": {f.accountID},
		"aws:userid":           {who.id},
		"aws:sourceip":         {sourceIP(r)},
		"aws:useragent":        {r.UserAgent()},
		"aws:securetransport":  {strconv.FormatBool(r.TLS != nil)},
		"aws:currenttime":      {f.now().UTC().Format(time.RFC3339)},
		"aws:epochtime":        {strconv.FormatInt(f.now().Unix(), 10)},
		"aws:principaltype":    {"User"},
		"aws:resourceaccount":  {f.accountID}, // there is no other
	}
	if who.role() {
		keys["aws:principaltype"] = []string{"AssumedRole"}
	} else {
		keys["aws:username"] = []string{who.key.User}
	}
	if who.key.Session != nil {
		keys["aws:multifactorauthpresent"] = []string{"false"}
		keys["aws:tokenissuetime"] = []string{who.key.Session.Created.Format(time.RFC3339)}
	}
	f.formKeys(c, keys)
	listKeys(c, keys)
	if c.Service == "kms" && c.Action == "ReplicateKey" {
		keys["kms:replicaregion"] = []string{bodyOf[keyReplication](c).ReplicaRegion}
	}
	if !c.ReadOnly() {
		maps.Copy(keys, requestTags(c))
	}
	return keys
}

// formKeys are keys that IAM and STS take from a call's parameters.
func (f *Front) formKeys(c wire.Call, keys policy.Context) {
	for parameter, name := range map[string]string{
		"PermissionsBoundary": "iam:permissionsboundary", "PolicyArn": "iam:policyarn",
		"ExternalId": "sts:externalid", "RoleSessionName": "sts:rolesessionname",
	} {
		if value := c.Form().Get(parameter); value != "" {
			keys[name] = []string{value}
		}
	}
}

// listKeys are keys that S3 takes from the query of a call that lists a bucket.
func listKeys(c wire.Call, keys policy.Context) {
	if c.Bucket() == "" || c.ObjectKey() != "" {
		return
	}
	for _, parameter := range []string{"prefix", "delimiter", "max-keys"} {
		if query := c.URL.Query(); query.Has(parameter) {
			keys["s3:"+parameter] = []string{query.Get(parameter)}
		}
	}
}

// requestTags are the tags that a call gives, wherever its service has them.
func requestTags(c wire.Call) policy.Context {
	keys := policy.Context{}
	collectTags(c.Parameters(), keys, 0)
	return keys
}

// tagDepth is how deep tags may lie in a call's parameters.
const tagDepth = 6

func collectTags(value any, keys policy.Context, depth int) {
	if depth > tagDepth {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			collectTags(inner, keys, depth+1)
		}
	case map[string]any:
		if name, value, ok := tagPair(v); ok {
			addTag(keys, name, value)
			return
		}
		for field, inner := range v {
			if table, ok := inner.(map[string]any); ok && field == "tags" {
				addTagTable(keys, table)
			}
			collectTags(inner, keys, depth+1)
		}
	}
}

func tagPair(v map[string]any) (name, value string, ok bool) {
	for _, fields := range [][2]string{{"key", "value"}, {"tagKey", "tagValue"}} {
		if name, ok = v[fields[0]].(string); ok {
			value, ok = v[fields[1]].(string)
			return name, value, ok
		}
	}
	return "", "", false
}

func addTagTable(keys policy.Context, table map[string]any) {
	for name, value := range table {
		if text, ok := value.(string); ok {
			addTag(keys, name, text)
		}
	}
}

func addTag(keys policy.Context, name, value string) {
	keys["aws:requesttag/"+strings.ToLower(name)] = []string{value}
	keys["aws:tagkeys"] = append(keys["aws:tagkeys"], name)
}
