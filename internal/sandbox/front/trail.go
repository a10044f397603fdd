package front

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// event is a CloudTrail record; see "CloudTrail record contents" in the
// CloudTrail User Guide.
type event struct {
	EventVersion       string         `json:"eventVersion"`
	UserIdentity       map[string]any `json:"userIdentity"`
	EventTime          string         `json:"eventTime"`
	EventSource        string         `json:"eventSource"`
	EventName          string         `json:"eventName"`
	AWSRegion          string         `json:"awsRegion"`
	SourceIPAddress    string         `json:"sourceIPAddress"`
	UserAgent          string         `json:"userAgent"`
	ErrorCode          string         `json:"errorCode,omitempty"`
	ErrorMessage       string         `json:"errorMessage,omitempty"`
	RequestParameters  any            `json:"requestParameters"`
	ResponseElements   any            `json:"responseElements"`
	RequestID          string         `json:"requestID"`
	EventID            string         `json:"eventID"`
	ReadOnly           bool           `json:"readOnly"`
	EventType          string         `json:"eventType"`
	ManagementEvent    bool           `json:"managementEvent"`
	RecipientAccountID string         `json:"recipientAccountId"`
	EventCategory      string         `json:"eventCategory"`
}

// recorded says that the call manages resources and may have changed something,
// or begins a session.
func recorded(c wire.Call) bool {
	if c.Service == "sts" {
		return c.Action == "AssumeRole" || c.Action == "GetSessionToken"
	}
	return !c.DataPlane() && !c.ReadOnly()
}

// record writes the call down if it is to be recorded.
func (f *Front) record(r *http.Request, c wire.Call, who caller, resp wire.Response, requestID string) {
	if !recorded(c) {
		return
	}
	e := event{
		EventVersion: "1.11", UserIdentity: f.userIdentity(who), EventTime: f.requestTime().Format(time.RFC3339),
		EventSource: eventSource(c.Service), EventName: c.Action, AWSRegion: f.recordRegion(c), SourceIPAddress: sourceIP(r),
		UserAgent: r.UserAgent(), RequestParameters: c.Parameters(), RequestID: answeredID(resp, requestID), EventID: newUUID(),
		ReadOnly: c.ReadOnly(), EventType: "AwsApiCall", ManagementEvent: true, RecipientAccountID: f.accountID, EventCategory: "Management",
	}
	if resp.Status >= http.StatusBadRequest {
		e.ErrorCode, e.ErrorMessage = c.ReadFault(resp)
	} else {
		e.ResponseElements = c.Elements(resp)
	}
	text, err := e.encode()
	if err == nil {
		err = f.records.Add(text)
	}
	if err != nil {
		f.logger.ErrorContext(r.Context(), "write record", "action", c.Action, "error", err)
	}
}

// answeredID is the request's id as the caller was told it.
func answeredID(resp wire.Response, own string) string {
	return cmp.Or(resp.Header.Get("X-Amzn-Requestid"), resp.Header.Get("X-Amz-Request-Id"), own)
}

// maxEvent is the longest record, in bytes. CloudTrail has the same limit and
// leaves out what does not fit, as is done here.
const maxEvent = 256 << 10

func (e event) encode() ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil || len(text) <= maxEvent {
		return text, err
	}
	omitted := map[string]any{"omitted": true, "originalSize": len(text), "reason": "the record exceeds 256 KB"}
	e.RequestParameters, e.ResponseElements = omitted, nil
	e.ErrorMessage = e.ErrorMessage[:min(len(e.ErrorMessage), 1024)]
	return json.Marshal(e)
}

// recordRegion is where CloudTrail books the call: global services are
// us-east-1's.
func (f *Front) recordRegion(c wire.Call) string {
	if globalService(c.Service) {
		return "us-east-1"
	}
	return c.Region
}

func eventSource(service string) string { return service + ".amazonaws.com" }

func (f *Front) userIdentity(who caller) map[string]any {
	identity := map[string]any{
		"type": "IAMUser", "principalId": who.id, "arn": who.arn, "accountId": f.accountID, "accessKeyId": who.key.ID,
	}
	if !who.role() {
		identity["userName"] = who.key.User
	}
	s := who.key.Session
	if s == nil {
		return identity
	}
	sessionContext := map[string]any{"attributes": map[string]any{
		"creationDate": s.Created.Format(time.RFC3339), "mfaAuthenticated": "false",
	}}
	if who.role() {
		identity["type"] = "AssumedRole"
		sessionContext["sessionIssuer"] = map[string]any{
			"type": "Role", "principalId": s.RoleID, "arn": s.RoleARN, "accountId": f.accountID, "userName": s.RoleName,
		}
	}
	identity["sessionContext"] = sessionContext
	return identity
}
