package trail

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/aegisworld/aegis"
)

const (
	// maxRefs bounds the references of one event.
	maxRefs = 200
	// maxKey is the longest identifier in bytes; ARNs have at most 2048.
	maxKey = 2048
	// maxDepth and maxVisits bound a walk through parameters.
	maxDepth  = 24
	maxVisits = 20000
)

// finder collects references, each once.
type finder struct {
	refs   []aegis.ResourceRef
	seen   map[aegis.ResourceRef]bool
	visits int
}

func (f *finder) add(p pattern, key string) {
	key = strings.TrimSpace(key)
	if key == "" || len(key) > maxKey || len(f.refs) >= maxRefs || !clean(key) {
		return
	}
	ref := aegis.ResourceRef{Type: p.tfType, Key: key}
	if p.child {
		ref = aegis.ResourceRef{Type: p.tfType, Parent: key}
	}
	if !f.seen[ref] {
		f.seen[ref] = true
		f.refs = append(f.refs, ref)
	}
}

// named adds a reference, and those by the other names that APIs take for it.
func (f *finder) named(p pattern, key string) {
	f.add(p, key)
	switch {
	case strings.HasPrefix(key, "https://"), strings.HasPrefix(key, "http://"):
		f.add(p, key[strings.LastIndexByte(key, '/')+1:]) // a queue
	case strings.HasPrefix(key, "/hostedzone/"):
		f.add(p, strings.TrimPrefix(key, "/hostedzone/"))
	case p.child && strings.HasPrefix(key, "arn:"):
		f.add(p, key[strings.LastIndexAny(key, "/:")+1:]) // children know the parent by its name
	}
}

// clean says that an identifier can be one: printable and valid.
func clean(key string) bool {
	return utf8.ValidString(key) && !strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// follow adds what is at the path, through lists and their wrappers.
func (f *finder) follow(p pattern, value any, path []string, depth int) {
	if f.visits++; f.visits > maxVisits || depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case string:
		if len(path) == 0 {
			f.named(p, v)
		}
	case []any:
		for _, inner := range v {
			f.follow(p, inner, path, depth+1)
		}
	case map[string]any:
		if len(path) > 0 {
			if inner, ok := v[path[0]]; ok {
				f.follow(p, inner, path[1:], depth+1)
				return
			}
		}
		for _, wrapper := range []string{"items", "item", "member"} {
			if inner, ok := v[wrapper]; ok {
				f.follow(p, inner, path, depth+1)
			}
		}
	}
}

var (
	arnShape = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:\S+$`)
	// idShape are the ids that EC2 gives, which mean one resource everywhere.
	idShape = regexp.MustCompile(
		`^(acl|ami|aclassoc|cgw|dopt|eipalloc|eipassoc|eni|fl|fs|fsap|i|igw|eigw|lt|nat|pcx|pl|rtb|rtbassoc|sg|sgr|snap|` +
			`subnet|tgw|tgw-attach|tgw-rtb|vgw|vol|vpc|vpce|vpce-svc|vpn)-[0-9a-f]{8,17}$`)
)

// walk adds every ARN and known shape of id in the value.
func (f *finder) walk(value any, depth int) {
	if f.visits++; f.visits > maxVisits || depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case string:
		if len(v) <= maxKey && (arnShape.MatchString(v) || idShape.MatchString(v)) {
			f.add(pattern{}, v)
		}
	case []any:
		for _, inner := range v {
			f.walk(inner, depth+1)
		}
	case map[string]any:
		for _, inner := range v {
			f.walk(inner, depth+1)
		}
	}
}

// references are the resources that a record is about: by the table where it
// knows the action, else everything that looks like an identifier.
func (t table) references(r record) []aegis.ResourceRef {
	f := finder{seen: map[aegis.ResourceRef]bool{}, refs: []aegis.ResourceRef{}}
	patterns, known := t[service(r.EventSource)+":"+plainAction(r.EventName)]
	if known {
		for _, p := range patterns {
			from := r.RequestParameters
			if p.response {
				from = r.ResponseElements
			}
			f.visits = 0
			f.follow(p, from, p.path, 0)
		}
		return f.refs
	}
	for _, res := range r.Resources {
		if arnShape.MatchString(res.ARN) {
			f.add(pattern{}, res.ARN)
		}
	}
	f.walk(r.RequestParameters, 0)
	f.walk(r.ResponseElements, 0)
	sortRefs(f.refs)
	return f.refs
}
