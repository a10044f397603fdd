package trail

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed actions.txt
var actionsText string

// pattern says where in a call a reference is.
type pattern struct {
	// tfType is "" for any.
	tfType string
	// child says that the resources meant belong to what the path names.
	child bool
	// response says that the path leads into responseElements.
	response bool
	path     []string
}

// table maps "service:Action" to patterns. An action that is there with none
// is known to be about nothing that is indexed.
type table map[string][]pattern

// readTable reads actions.txt. It panics on a mistake in it, which is part of
// this package.
func readTable(text string) table {
	t := table{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		var patterns []pattern
		for _, field := range fields[2:] {
			patterns = append(patterns, readPattern(field))
		}
		for action := range strings.SplitSeq(fields[1], ",") {
			key := fields[0] + ":" + action
			if _, twice := t[key]; twice {
				panic("actions.txt: " + key + " is there twice")
			}
			t[key] = patterns
		}
	}
	return t
}

func readPattern(field string) pattern {
	i := strings.IndexAny(field, "=<")
	if i < 0 || i == len(field)-1 {
		panic(fmt.Sprintf("actions.txt: %q is no reference", field))
	}
	path, response := strings.CutPrefix(field[i+1:], "@")
	return pattern{tfType: field[:i], child: field[i] == '<', response: response, path: strings.Split(path, ".")}
}

// versionSuffix is what Lambda and CloudFront put behind the names of actions.
var versionSuffix = regexp.MustCompile(`\d{4}_?\d\d_?\d\d(v\d+)?$`)

// plainAction is an event's name without a version.
func plainAction(name string) string { return versionSuffix.ReplaceAllString(name, "") }

// service is the name before ".amazonaws.com".
func service(source string) string {
	name, _, _ := strings.Cut(source, ".")
	return name
}
