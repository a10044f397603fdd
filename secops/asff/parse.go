package asff

import (
	"bytes"
	"encoding/json"

	"github.com/aegisworld/aegis"
)

const (
	// MaxBody is the longest body that Parse takes, in bytes.
	MaxBody = 1 << 20
	// maxFindings bounds the findings of one body, maxNesting the envelopes around
	// them.
	maxFindings = 1000
	maxNesting  = 6
)

// Batch is what a body held.
type Batch struct {
	// Findings are in the order of the body.
	Findings []aegis.Finding
	// Ignored counts events that are about no findings, Malformed findings that can't
	// be read.
	Ignored, Malformed int
}

// Parse reads a finding, a list of findings, {"Findings":[…]} as of
// BatchImportFindings, an EventBridge event of Security Hub, or an SNS notification of
// any of them. It returns an error that matches aegis.ErrInvalid when the body is none
// of these; single findings that can't be read are counted.
func Parse(body []byte) (Batch, error) {
	if len(body) > MaxBody {
		return Batch{}, aegis.Invalid("body", "is larger than 1 MiB")
	}
	var b Batch
	if !b.read(body, maxNesting) {
		return Batch{}, aegis.Invalid("body", `give a finding in the AWS Security Finding Format, {"Findings":[…]} with up to 1000, `+
			`an EventBridge event of Security Hub, or an SNS notification of one`)
	}
	return b, nil
}

// envelope has the members that tell the shapes apart.
type envelope struct {
	SchemaVersion json.RawMessage   `json:"SchemaVersion"`
	ProductArn    json.RawMessage   `json:"ProductArn"`
	Findings      []json.RawMessage `json:"Findings"`
	DetailType    *string           `json:"detail-type"`
	Detail        json.RawMessage   `json:"detail"`
	Type          string            `json:"Type"`
	Message       *string           `json:"Message"`
}

// bridged are EventBridge's detail-types of events that carry findings.
func bridged(detailType string) bool {
	return detailType == "Security Hub Findings - Imported" || detailType == "Security Hub Findings - Custom Action"
}

// read takes in a value of any of the shapes; false says that it has none.
func (b *Batch) read(body []byte, nesting int) bool {
	body = bytes.TrimSpace(body)
	if nesting == 0 || len(body) == 0 {
		return false
	}
	if body[0] == '[' {
		var list []json.RawMessage
		return json.Unmarshal(body, &list) == nil && b.list(list)
	}
	var e envelope
	if body[0] != '{' || json.Unmarshal(body, &e) != nil {
		return false
	}
	switch {
	case e.Findings != nil: // a member of Go's JSON has any case: also detail.findings
		return b.list(e.Findings)
	case e.DetailType != nil:
		if !bridged(*e.DetailType) {
			b.Ignored++
			return true
		}
		return b.read(e.Detail, nesting-1)
	case e.Type == "Notification" && e.Message != nil:
		return b.read([]byte(*e.Message), nesting-1)
	case e.SchemaVersion != nil || e.ProductArn != nil:
		b.finding(body)
		return true
	default:
		return false
	}
}

func (b *Batch) list(items []json.RawMessage) bool {
	if len(items) > maxFindings {
		return false
	}
	for _, item := range items {
		b.finding(item)
	}
	return true
}

func (b *Batch) finding(body []byte) {
	var r record
	if json.Unmarshal(body, &r) != nil {
		b.Malformed++
		return
	}
	f, ok := r.finding()
	if !ok {
		b.Malformed++
		return
	}
	b.Findings = append(b.Findings, f)
}
