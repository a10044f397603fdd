package front

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/policy"
	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// Limits of sessions, in seconds, as the STS API reference gives them.
const (
	minSession     = 900
	defaultSession = 3600
	maxChained     = 3600
	maxUserSession = 129600
	defaultUser    = 43200
)

// serveSTS answers for STS: the front alone knows sessions.
func (f *Front) serveSTS(r *http.Request, c wire.Call, who caller, requestID string) wire.Response {
	var body string
	var fault *wire.APIError
	switch c.Action {
	case "GetCallerIdentity":
		body = fmt.Sprintf("<Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account>", who.arn, who.id, f.accountID)
	case "GetAccessKeyInfo":
		body = "<Account>" + f.accountID + "</Account>"
	case "AssumeRole":
		body, fault = f.assumeRole(r, c, who)
	case "GetSessionToken":
		body, fault = f.sessionToken(c, who)
	default:
		fault = &wire.APIError{
			Code: "InvalidAction", Status: http.StatusBadRequest,
			Message: "The sandbox does not offer the STS action " + c.Action + ".",
		}
	}
	if fault != nil {
		return c.Fail(fault, requestID)
	}
	text := fmt.Sprintf(`<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s</%[1]sResult>`+
		`<ResponseMetadata><RequestId>%[3]s</RequestId></ResponseMetadata></%[1]sResponse>`, c.Action, body, requestID)
	return wire.Response{Status: http.StatusOK, Header: http.Header{
		"Content-Type": {"text/xml"}, "X-Amzn-Requestid": {requestID},
	}, Body: []byte(text)}
}

var (
	roleARNForm     = regexp.MustCompile(`^arn:aws:iam::(\d{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,64})$`)
	sessionNameForm = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

func (f *Front) assumeRole(r *http.Request, c wire.Call, who caller) (string, *wire.APIError) {
	form := c.Form()
	match := roleARNForm.FindStringSubmatch(form.Get("RoleArn"))
	if match == nil || !sessionNameForm.MatchString(form.Get("RoleSessionName")) {
		return "", invalid("RoleArn must be a role's ARN and RoleSessionName match [\\w+=,.@-]{2,64}.")
	}
	role, err := f.access.role(r.Context(), match[2])
	if errors.Is(err, errNoPrincipal) || err == nil && role.arn != form.Get("RoleArn") {
		return "", f.refuseAssume(c, who)
	}
	if err != nil {
		return "", c.Refuse(wire.Unavailable, "The role could not be read.")
	}
	if fault := f.trusts(r, c, who, role); fault != nil {
		return "", fault
	}
	s := session{
		RoleName: role.name, RoleARN: role.arn, RoleID: role.id, Name: form.Get("RoleSessionName"),
		PolicyARNs: policyARNs(form), Tags: sessionTags(form),
	}
	if text := form.Get("Policy"); text != "" {
		if fault := checkSessionPolicy(text); fault != nil {
			return "", fault
		}
		s.Policies = []string{text}
	}
	longest := int(role.maxSession)
	if longest == 0 || who.role() {
		longest = maxChained
	}
	issued, fault := f.issue("", s, form, defaultSession, longest)
	if fault != nil {
		return "", fault
	}
	return credentialsXML(issued) + fmt.Sprintf(
		"<AssumedRoleUser><AssumedRoleId>%s:%s</AssumedRoleId><Arn>arn:aws:sts::%s:assumed-role/%s/%s</Arn></AssumedRoleUser>"+
			"<PackedPolicySize>%d</PackedPolicySize>",
		role.id, s.Name, f.accountID, role.name, s.Name, len(form.Get("Policy"))*100/2048), nil
}

func (f *Front) refuseAssume(c wire.Call, who caller) *wire.APIError {
	return c.Refuse(wire.Denied, fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s",
		who.arn, c.Form().Get("RoleArn")))
}

func (f *Front) sessionToken(c wire.Call, who caller) (string, *wire.APIError) {
	if who.key.Session != nil {
		return "", c.Refuse(wire.Denied, "Cannot call GetSessionToken with session credentials")
	}
	issued, fault := f.issue(who.key.User, session{}, c.Form(), defaultUser, maxUserSession)
	if fault != nil {
		return "", fault
	}
	return credentialsXML(issued), nil
}

// issue makes a session of the duration asked for, in seconds.
func (f *Front) issue(user string, s session, form url.Values, usual, longest int) (key, *wire.APIError) {
	seconds := min(usual, longest)
	if text := form.Get("DurationSeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < minSession || n > longest {
			return key{}, invalid(fmt.Sprintf("DurationSeconds must be from %d to %d.", minSession, longest))
		}
		seconds = n
	}
	s.Created = f.requestTime()
	s.Expires = s.Created.Add(time.Duration(seconds) * time.Second)
	issued, err := f.keys.issue(user, s)
	if err != nil {
		f.logger.Error("issue session", "error", err)
		return key{}, &wire.APIError{Code: "InternalFailure", Status: http.StatusInternalServerError, Message: "The session could not be saved."}
	}
	return issued, nil
}

func credentialsXML(k key) string {
	return fmt.Sprintf("<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>"+
		"<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>",
		k.ID, k.Secret, k.Session.Token, k.Session.Expires.Format(time.RFC3339))
}

// maxSessionPolicy is the longest inline session policy, in characters.
const maxSessionPolicy = 2048

func checkSessionPolicy(text string) *wire.APIError {
	if len(text) > maxSessionPolicy {
		return invalid(fmt.Sprintf("Policy must have at most %d characters.", maxSessionPolicy))
	}
	if _, err := policy.Parse(text); err != nil {
		return &wire.APIError{Code: "MalformedPolicyDocument", Status: http.StatusBadRequest, Message: err.Error()}
	}
	return nil
}

func invalid(message string) *wire.APIError {
	return &wire.APIError{Code: "ValidationError", Status: http.StatusBadRequest, Message: message}
}

func policyARNs(form url.Values) []string {
	var arns []string
	for i := 1; ; i++ {
		arn := form.Get(fmt.Sprintf("PolicyArns.member.%d.arn", i))
		if arn == "" {
			return arns
		}
		arns = append(arns, arn)
	}
}

func sessionTags(form url.Values) map[string]string {
	tags := map[string]string{}
	for i := 1; ; i++ {
		name := strings.TrimSpace(form.Get(fmt.Sprintf("Tags.member.%d.Key", i)))
		if name == "" {
			return tags
		}
		tags[name] = form.Get(fmt.Sprintf("Tags.member.%d.Value", i))
	}
}
