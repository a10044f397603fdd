package front

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// tagTable holds the tags of all that the stores hold, by ARN; what has none
// has an empty map.
type tagTable map[string]map[string]string

// set replaces a resource's tags.
func (t tagTable) set(arn string, tags map[string]string) {
	if tags == nil {
		tags = map[string]string{}
	}
	t[arn] = maps.Clone(tags)
}

// tagRequest is what a call about tags asks: of which resource, and what to set
// or to remove.
type tagRequest struct {
	arn  string
	tags map[string]string
	keys []string
}

// tagging is how a service's calls tag its resources.
type tagging struct {
	// list, tag and untag are the actions' names.
	list, tag, untag string
	read             func(wire.Call) (tagRequest, error)
	// missing is the error of a resource that is not there.
	missing func(arn string) error
	// listed answers list, changed the other two.
	listed, changed func(tags map[string]string) any
}

// acts are the three actions.
func (t tagging) acts() map[string]act {
	return map[string]act{
		t.list:  t.act(func(map[string]string, tagRequest) {}, t.listed),
		t.tag:   t.act(func(tags map[string]string, in tagRequest) { maps.Copy(tags, in.tags) }, t.changed),
		t.untag: t.act(func(tags map[string]string, in tagRequest) { maps.DeleteFunc(tags, in.removes) }, t.changed),
	}
}

func (in tagRequest) removes(key, _ string) bool { return slices.Contains(in.keys, key) }

func (t tagging) act(change func(tags map[string]string, in tagRequest), answer func(map[string]string) any) act {
	return func(s *stores, _ moment, c wire.Call) (any, error) {
		in, err := t.read(c)
		if err != nil {
			return nil, err
		}
		tags := s.tags[in.arn]
		if tags == nil || !tellsOf(c, in.arn) {
			return nil, t.missing(in.arn)
		}
		change(tags, in)
		return answer(tags), nil
	}
}

// tellsOf says that a resource is of the call's service, and of its region if of
// any.
func tellsOf(c wire.Call, arn string) bool {
	parts := strings.SplitN(arn, ":", 5)
	return len(parts) == 5 && parts[2] == c.Service && (parts[3] == c.Region || parts[3] == "")
}

func noAnswer(map[string]string) any { return nil }

// restTagging is that of REST services with a resource's ARN in the path; field
// is what they call the tags in an answer.
func restTagging(field string) tagging {
	return tagging{
		list: "ListTagsForResource", tag: "TagResource", untag: "UntagResource", read: readRestTags,
		missing: func(arn string) error {
			return apiError("ResourceNotFoundException", http.StatusNotFound, "Resource "+arn+" does not exist")
		},
		listed:  func(tags map[string]string) any { return map[string]any{field: tags} },
		changed: noAnswer,
	}
}

func readRestTags(c wire.Call) (tagRequest, error) {
	var in struct{ Tags map[string]string }
	err := readJSON(c, &in)
	return tagRequest{arn: pathArg(c, "tags"), tags: in.Tags, keys: c.URL.Query()["tagKeys"]}, err
}

// queryTagging is that of services of the query protocol.
func queryTagging(missing func(arn string) error) tagging {
	return tagging{
		list: "ListTagsForResource", tag: "AddTagsToResource", untag: "RemoveTagsFromResource", missing: missing,
		read: func(c wire.Call) (tagRequest, error) {
			return tagRequest{arn: c.Form().Get("ResourceName"), tags: tagParameters(c), keys: listParameter(c, "TagKeys")}, nil
		},
		listed:  func(tags map[string]string) any { return answerTags(tags) },
		changed: noAnswer,
	}
}
