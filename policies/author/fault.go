package author

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Severity says whether a fault keeps a bundle from running.
type Severity string

// The severities.
const (
	// SeverityError is what no bundle may have.
	SeverityError Severity = "error"
	// SeverityWarning is worth mending, and keeps nothing from running.
	SeverityWarning Severity = "warning"
)

// Codes of faults beside OPA's own, which begin with rego_.
const (
	// CodeData is about a data file that can't be read.
	CodeData = "data_error"
	// CodeManifest is about a .manifest that can't be read, or whose roots
	// overlap.
	CodeManifest = "manifest_error"
	// CodeRoots is about a package or data outside of the manifest's roots.
	CodeRoots = "outside_roots"
	// CodeGate is about a bundle whose package aegis.gate gives no answer.
	CodeGate = "gate_missing"
	// CodeImpure is about a built-in function that does not answer by its
	// arguments alone.
	CodeImpure = "impure_builtin"
	// CodeAnnotation is about a rule whose METADATA is missing or incomplete; a
	// warning.
	CodeAnnotation = "annotation_incomplete"
	// CodeBundle is about anything else.
	CodeBundle = "bundle_error"
)

// Fault is what is wrong with a file of a bundle.
type Fault struct {
	// File is a path in the bundle, "" when the fault is in none of its files.
	File string `json:"file"`
	// Line and Column begin at 1; 0 is unknown.
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Severity Severity `json:"severity"`
	// Code is stable, such as "rego_type_error" or CodeRoots.
	Code string `json:"code"`
	// Message says what is wrong and what would be right.
	Message string `json:"message"`
}

// String is "file:line:column: code: message".
func (f Fault) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if place != "" {
		place += ": "
	}
	return place + f.Code + ": " + f.Message
}

// Errors are the faults that keep a bundle from running.
func Errors(faults []Fault) []Fault {
	return slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return f.Severity != SeverityError })
}

// sorted puts faults in the order of files and lines, each once.
func sorted(faults []Fault) []Fault {
	slices.SortFunc(faults, func(x, y Fault) int {
		return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line, x.Column-y.Column,
			strings.Compare(x.Code, y.Code), strings.Compare(x.Message, y.Message))
	})
	return slices.Compact(faults)
}

// at is a fault at a place in Rego.
func at(place *ast.Location, code, message string) Fault {
	f := Fault{Severity: SeverityError, Code: code, Message: message}
	if place != nil {
		f.File, f.Line, f.Column = strings.TrimPrefix(place.File, "/"), place.Row, place.Col
		if f.Line > 0 {
			f.Column = max(1, f.Column) // the end of a file is in column 0
		}
	}
	return f
}

// localName is a name that the compiler gave a variable.
var localName = regexp.MustCompile(`__local\d+__`)

// faultsOf reads an error of OPA's parser or compiler.
func faultsOf(err error) []Fault {
	var found ast.Errors
	if one, ok := errors.AsType[*ast.Error](err); ok {
		found = ast.Errors{one}
	}
	if many, ok := errors.AsType[ast.Errors](err); ok {
		found = many
	}
	faults := make([]Fault, 0, len(found)+1)
	for _, e := range found {
		message := localName.ReplaceAllString(e.Message, "_")
		if detail, ok := e.Details.(*ast.RefErrInvalidDetail); ok && len(detail.OneOf) > 0 {
			message += fmt.Sprintf("; there are: %s", list(detail.OneOf))
		}
		faults = append(faults, at(e.Location, e.Code, message))
	}
	if err != nil && len(found) == 0 {
		faults = append(faults, Fault{Severity: SeverityError, Code: CodeBundle, Message: err.Error()})
	}
	return faults
}

func list(values []ast.Value) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = strings.Trim(v.String(), `"`)
	}
	return strings.Join(names, ", ")
}
