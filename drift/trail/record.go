package trail

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// record is the part of a CloudTrail record that is looked at; see "CloudTrail
// record contents" in the CloudTrail User Guide.
type record struct {
	EventID            string       `json:"eventID"`
	EventTime          string       `json:"eventTime"`
	EventSource        string       `json:"eventSource"`
	EventName          string       `json:"eventName"`
	EventType          string       `json:"eventType"`
	AWSRegion          string       `json:"awsRegion"`
	SourceIPAddress    string       `json:"sourceIPAddress"`
	UserAgent          string       `json:"userAgent"`
	ErrorCode          string       `json:"errorCode"`
	ReadOnly           *bool        `json:"readOnly"`
	ManagementEvent    *bool        `json:"managementEvent"`
	RecipientAccountID string       `json:"recipientAccountId"`
	UserIdentity       userIdentity `json:"userIdentity"`
	RequestParameters  any          `json:"requestParameters"`
	ResponseElements   any          `json:"responseElements"`
	Resources          []struct {
		ARN string `json:"ARN"`
	} `json:"resources"`
}

type userIdentity struct {
	Type           string `json:"type"`
	PrincipalID    string `json:"principalId"`
	ARN            string `json:"arn"`
	UserName       string `json:"userName"`
	AccessKeyID    string `json:"accessKeyId"`
	InvokedBy      string `json:"invokedBy"`
	SessionContext struct {
		SessionIssuer struct {
			UserName string `json:"userName"`
		} `json:"sessionIssuer"`
	} `json:"sessionContext"`
}

var (
	eventIDShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{7,63}$`)
	sourceShape  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}\.amazonaws\.com$`)
	nameShape    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,127}$`)
	regionShape  = regexp.MustCompile(`^([a-z0-9-]{2,30})?$`)
)

// wellFormed says that the record has what names an event.
func (r record) wellFormed() (at time.Time, ok bool) {
	at, err := time.Parse(time.RFC3339, r.EventTime)
	if err != nil || at.Year() < 2006 || at.Year() > 2200 {
		return at, false
	}
	return at.UTC(), eventIDShape.MatchString(r.EventID) && sourceShape.MatchString(r.EventSource) &&
		nameShape.MatchString(r.EventName) && regionShape.MatchString(r.AWSRegion)
}

// changes says that the call may have changed a resource.
func (r record) changes() bool {
	switch {
	case r.ErrorCode != "",
		r.EventType != "" && r.EventType != "AwsApiCall" && r.EventType != "AwsServiceEvent",
		r.ManagementEvent != nil && !*r.ManagementEvent,
		r.ReadOnly != nil && *r.ReadOnly,
		r.ReadOnly == nil && reads(r.EventName):
		return false
	}
	switch service(r.EventSource) {
	case "sts", "signin", "sso", "health":
		return false // sessions and news
	case "sqs":
		return !strings.Contains(r.EventName, "Message") // reading the event queue is no event
	}
	return true
}

func reads(name string) bool {
	for _, verb := range []string{"Describe", "Get", "List", "Head", "Lookup", "BatchGet", "Search", "Check"} {
		if rest, ok := strings.CutPrefix(name, verb); ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// event is what is kept of the record.
func (r record) event(at time.Time, t table) aegis.CloudEvent {
	return aegis.CloudEvent{
		EventID: r.EventID, Source: r.EventSource, Name: plainAction(r.EventName), Region: r.region(),
		AccountID: text(r.RecipientAccountID, 32), At: at, Actor: r.actor(), Refs: t.references(r),
	}
}

// region is "" for services whose events are booked in one region wherever the
// resource is.
func (r record) region() string {
	switch service(r.EventSource) {
	case "iam", "route53", "cloudfront", "globalaccelerator", "organizations", "budgets", "shield":
		return ""
	default:
		return r.AWSRegion
	}
}

func (r record) actor() aegis.CloudActor {
	who := r.UserIdentity
	actor := aegis.CloudActor{
		ARN: text(who.ARN, 512), AccessKeyID: text(who.AccessKeyID, 128),
		SourceIP: text(r.SourceIPAddress, 255), UserAgent: text(r.UserAgent, 512),
	}
	_, path, _ := strings.Cut(who.ARN, ":assumed-role/")
	role, session, assumed := strings.Cut(path, "/")
	name := who.UserName
	switch {
	case assumed:
		name = cmp.Or(who.SessionContext.SessionIssuer.UserName, role)
		actor.Session = text(session, 128)
	case who.Type == "Root":
		name = "root"
	case who.InvokedBy != "":
		name = cmp.Or(name, who.InvokedBy)
	}
	for _, s := range []string{name, afterSlash(who.ARN), who.PrincipalID, who.Type, "unknown"} {
		if actor.Principal = strings.TrimSpace(text(s, 255)); actor.Principal != "" {
			break
		}
	}
	return actor
}

func afterSlash(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }

// text is a value for people: printable, valid and at most limit bytes.
func text(s string, limit int) string {
	if len(s) > 4*limit {
		s = s[:4*limit]
	}
	s = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s), "")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

func sortRefs(refs []aegis.ResourceRef) {
	slices.SortFunc(refs, func(a, b aegis.ResourceRef) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Parent, b.Parent))
	})
}
