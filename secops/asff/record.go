package asff

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"github.com/aegisworld/aegis"
)

// Bounds of what is kept of a finding, in bytes but for maxResources.
const (
	maxID        = 512
	maxName      = 128
	maxTitle     = 256
	maxResources = 32
)

// record is a finding, as far as it is read.
type record struct {
	ID           string `json:"Id"`
	ProductARN   string `json:"ProductArn"`
	ProductName  string
	AwsAccountID string `json:"AwsAccountId"`
	Region       string
	Types        []string
	UpdatedAt    string
	Title        string
	Severity     struct {
		Label      string
		Normalized *float64
	}
	Resources []struct {
		ID     string `json:"Id"`
		Region string
	}
	Workflow    struct{ Status string }
	RecordState string
}

// finding is the record in our terms; false says that it lacks what makes one.
func (r record) finding() (aegis.Finding, bool) {
	at, err := time.Parse(time.RFC3339, r.UpdatedAt)
	severity := r.severity()
	if err != nil || !plain(r.ID, maxID) || severity.Rank() == 0 {
		return aegis.Finding{}, false
	}
	f := aegis.Finding{
		FindingID: r.ID, Source: text(r.source(), maxName), Title: text(r.Title, maxTitle), Severity: severity,
		AccountID: text(r.AwsAccountID, maxName), Region: text(r.Region, maxName), Resources: []string{}, ObservedAt: at.UTC().Truncate(time.Microsecond),
		Resolved: r.RecordState == "ARCHIVED" || r.Workflow.Status == "RESOLVED" || r.Workflow.Status == "SUPPRESSED",
	}
	if len(r.Types) > 0 {
		f.Type = text(r.Types[0], maxTitle)
	}
	seen := map[string]bool{}
	for _, about := range r.Resources {
		if len(f.Resources) == maxResources {
			break
		}
		if plain(about.ID, maxID) && !seen[about.ID] {
			seen[about.ID] = true
			f.Resources = append(f.Resources, about.ID)
			f.Region = cmp.Or(f.Region, text(about.Region, maxName))
		}
	}
	return f, true
}

// source is the product in its ARN, such as "aws/guardduty", or its name.
func (r record) source() string {
	if _, product, ok := strings.Cut(r.ProductARN, ":product/"); ok && product != "" {
		return product
	}
	return cmp.Or(r.ProductName, "unknown")
}

// severity is the label, or what Security Hub makes of the number of a finding
// without one; "" is neither.
func (r record) severity() aegis.Severity {
	n := r.Severity.Normalized
	switch {
	case r.Severity.Label != "":
		return aegis.Severity(strings.ToLower(r.Severity.Label))
	case n == nil || *n < 0 || *n > 100:
		return ""
	case *n >= 90:
		return aegis.SeverityCritical
	case *n >= 70:
		return aegis.SeverityHigh
	case *n >= 40:
		return aegis.SeverityMedium
	case *n >= 1:
		return aegis.SeverityLow
	default:
		return aegis.SeverityInformational
	}
}

// plain says that an identifier has up to n bytes, and nothing that can't be seen.
func plain(id string, n int) bool {
	return id != "" && len(id) <= n && !strings.ContainsFunc(id, hidden)
}

// text is one line of at most n bytes, without what can't be seen.
func text(s string, n int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case hidden(r):
			return -1
		default:
			return r
		}
	}, s)), " ")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}
