package front

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func invalidParameter(message string) error {
	return apiError("InvalidParameterValue", http.StatusBadRequest, message)
}

// listParameter is a list of a query call, whatever its members are called.
func listParameter(c wire.Call, name string) []string {
	numbered := map[int]string{}
	for key := range c.Form() {
		rest, ok := strings.CutPrefix(key, name+".")
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(rest[strings.LastIndexByte(rest, '.')+1:]); err == nil {
			numbered[n] = c.Form().Get(key)
		}
	}
	var list []string
	for _, n := range slices.Sorted(maps.Keys(numbered)) {
		list = append(list, numbered[n])
	}
	return list
}

var tagParameter = regexp.MustCompile(`^(Tags\.\w+\.\d+)\.Key$`)

// tagParameters are the tags of a query call.
func tagParameters(c wire.Call) map[string]string {
	tags := map[string]string{}
	for key := range c.Form() {
		if found := tagParameter.FindStringSubmatch(key); found != nil {
			tags[c.Form().Get(key)] = c.Form().Get(found[1] + ".Value")
		}
	}
	return tags
}

// namedParameters are a field of a list of parameters by their names, as
// parameter groups have them.
func namedParameters(c wire.Call, field string) map[string]string {
	named := map[string]string{}
	for key := range c.Form() {
		if prefix, ok := strings.CutSuffix(key, ".ParameterName"); ok {
			named[c.Form().Get(key)] = c.Form().Get(prefix + "." + field)
		}
	}
	return named
}

// The setters change a field where the call has the parameter.

func setText(c wire.Call, name string, field *string) {
	if c.Form().Has(name) {
		*field = c.Form().Get(name)
	}
}

func setNumber(c wire.Call, name string, field *int) {
	if n, err := strconv.Atoi(c.Form().Get(name)); err == nil {
		*field = n
	}
}

func setFlag(c wire.Call, name string, field *bool) {
	if b, err := strconv.ParseBool(c.Form().Get(name)); err == nil {
		*field = b
	}
}

func setList(c wire.Call, name string, field *[]string) {
	if list := listParameter(c, name); list != nil {
		*field = list
	}
}

// xmlTag is a tag in an answer.
type xmlTag struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

type xmlTags struct {
	Tags []xmlTag `xml:"TagList>Tag"`
}

func answerTags(tags map[string]string) xmlTags {
	var list xmlTags
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list.Tags = append(list.Tags, xmlTag{Key: key, Value: tags[key]})
	}
	return list
}
