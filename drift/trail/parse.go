package trail

import (
	"bytes"
	"encoding/json"

	"github.com/aegisworld/aegis"
)

const (
	// MaxBody is the longest body that Parse takes, in bytes.
	MaxBody = 1 << 20
	// maxRecords bounds the records of one body, maxNesting the envelopes around
	// them.
	maxRecords = 5000
	maxNesting = 6
)

// Batch is what a body held.
type Batch struct {
	// Events changed something; in the order of the body.
	Events []aegis.CloudEvent
	// Ignored counts records that can't have, Malformed those that can't be
	// read.
	Ignored, Malformed int
}

// Parser reads records. It may be used concurrently.
type Parser struct {
	actions table
}

// New makes a parser.
func New() *Parser { return &Parser{actions: readTable(actionsText)} }

// Parse reads one record, {"Records":[…]}, a list of records, an EventBridge
// event, or an SNS notification of any of them. It returns an error that
// matches aegis.ErrInvalid when the body is none of these; single records
// that can't be read are counted.
func (p *Parser) Parse(body []byte) (Batch, error) {
	if len(body) > MaxBody {
		return Batch{}, aegis.Invalid("body", "is larger than 1 MiB")
	}
	var b Batch
	if !p.read(body, maxNesting, &b) {
		return Batch{}, aegis.Invalid("body",
			`give a CloudTrail record, {"Records":[…]}, an EventBridge event of CloudTrail, or an SNS notification of one`)
	}
	return b, nil
}

// envelope has the members that tell the shapes apart.
type envelope struct {
	EventID    json.RawMessage   `json:"eventID"`
	EventName  json.RawMessage   `json:"eventName"`
	Records    []json.RawMessage `json:"Records"`
	DetailType *string           `json:"detail-type"`
	Detail     json.RawMessage   `json:"detail"`
	Type       string            `json:"Type"`
	Message    *string           `json:"Message"`
}

// read takes in a value of any of the shapes; false says that it has none.
func (p *Parser) read(body []byte, nesting int, into *Batch) bool {
	body = bytes.TrimSpace(body)
	if nesting == 0 || len(body) == 0 {
		return false
	}
	if body[0] == '[' {
		var list []json.RawMessage
		return json.Unmarshal(body, &list) == nil && p.list(list, nesting, into)
	}
	var e envelope
	if body[0] != '{' || json.Unmarshal(body, &e) != nil {
		return false
	}
	switch {
	case e.Records != nil:
		return p.list(e.Records, nesting, into)
	case e.DetailType != nil:
		if *e.DetailType != "AWS API Call via CloudTrail" && *e.DetailType != "AWS Service Event via CloudTrail" {
			into.Ignored++
			return true
		}
		return p.read(e.Detail, nesting-1, into)
	case e.Type == "Notification" && e.Message != nil:
		return p.read([]byte(*e.Message), nesting-1, into)
	case e.EventID != nil || e.EventName != nil:
		p.record(body, into)
		return true
	default:
		return false
	}
}

func (p *Parser) list(items []json.RawMessage, nesting int, into *Batch) bool {
	if len(items) > maxRecords {
		return false
	}
	for _, item := range items {
		if !p.read(item, nesting-1, into) {
			into.Malformed++
		}
	}
	return true
}

func (p *Parser) record(body []byte, into *Batch) {
	var r record
	if json.Unmarshal(body, &r) != nil {
		into.Malformed++
		return
	}
	at, ok := r.wellFormed()
	switch {
	case !ok:
		into.Malformed++
	case !r.changes():
		into.Ignored++
	default:
		into.Events = append(into.Events, r.event(at, p.actions))
	}
}
