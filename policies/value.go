package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/valyala/fastjson"
)

// parseInput reads a JSON document as OPA's own reader does (ast.ValueFromReader),
// without a Go map of everything between the two: parsing is a sixth of a
// decision, half of it for that map. Nesting deeper than 300 and a key that an
// object has twice are errors.
func parseInput(raw []byte) (ast.Value, error) {
	if !json.Valid(raw) || !utf8.Valid(raw) { // fastjson is lenient
		return nil, errNotJSON
	}
	return parseOwn(raw)
}

// parseOwn is parseInput for what encoding/json wrote.
func parseOwn(raw []byte) (ast.Value, error) {
	parser := parsers.Get()
	doc, err := parser.ParseBytes(raw)
	if err != nil {
		return nil, err
	}
	value, err := termReader{}.value(doc)
	if len(raw) <= mostReused {
		parsers.Put(parser) // terms are copies of what it holds
	}
	return value, err
}

// parsers keep the memory of parsed documents for the next, a quarter of what a
// decision allocates; that of documents over mostReused bytes is let go.
var parsers fastjson.ParserPool //nolint:gochecknoglobals // a cache, as the sync.Pool that it is

const mostReused = 1 << 20

var errNotJSON = errors.New("not JSON in UTF-8")

// termReader makes terms of one document; equal texts are one term, for types,
// attribute names and tags return with every resource.
type termReader map[string]*ast.Term

func (r termReader) value(v *fastjson.Value) (ast.Value, error) {
	term, err := r.term(v)
	if err != nil {
		return nil, err
	}
	return term.Value, nil
}

func (r termReader) term(v *fastjson.Value) (*ast.Term, error) {
	switch v.Type() {
	case fastjson.TypeNull:
		return ast.InternedNullTerm, nil
	case fastjson.TypeTrue:
		return ast.InternedTerm(true), nil
	case fastjson.TypeFalse:
		return ast.InternedTerm(false), nil
	case fastjson.TypeString:
		text, err := v.StringBytes()
		if err != nil {
			return nil, err
		}
		return r.text(text), nil
	case fastjson.TypeNumber:
		return number(v)
	case fastjson.TypeArray:
		return r.array(v)
	case fastjson.TypeObject:
		return r.object(v)
	default:
		return nil, fmt.Errorf("unknown JSON type %s", v.Type())
	}
}

func (r termReader) text(b []byte) *ast.Term {
	term, ok := r[string(b)]
	if !ok {
		text := string(b)
		term = ast.InternedTerm(text)
		r[text] = term
	}
	return term
}

func number(v *fastjson.Value) (*ast.Term, error) {
	text := string(v.MarshalTo(nil))
	if term := ast.InternedIntNumberTermFromString(text); term != nil {
		return term, nil
	}
	n, err := ast.NumberChecked(text)
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(n), nil
}

func (r termReader) array(v *fastjson.Value) (*ast.Term, error) {
	values, err := v.Array()
	if err != nil {
		return nil, err
	}
	terms := make([]*ast.Term, len(values))
	for i, value := range values {
		if terms[i], err = r.term(value); err != nil {
			return nil, err
		}
	}
	return ast.ArrayTerm(terms...), nil
}

func (r termReader) object(v *fastjson.Value) (*ast.Term, error) {
	fields, err := v.Object()
	if err != nil {
		return nil, err
	}
	pairs := make([][2]*ast.Term, 0, fields.Len())
	fields.Visit(func(key []byte, value *fastjson.Value) {
		if err != nil {
			return
		}
		var term *ast.Term
		if term, err = r.term(value); err == nil {
			pairs = append(pairs, [2]*ast.Term{r.text(key), term})
		}
	})
	if err != nil {
		return nil, err
	}
	if key := twice(pairs); key != nil {
		return nil, fmt.Errorf("an object has key %v twice", key)
	}
	return ast.ObjectTerm(pairs...), nil
}

// twice returns a key that two pairs have, or nil. Equal keys are one term.
func twice(pairs [][2]*ast.Term) *ast.Term {
	if len(pairs) > 32 {
		seen := make(map[*ast.Term]bool, len(pairs))
		for _, pair := range pairs {
			if seen[pair[0]] {
				return pair[0]
			}
			seen[pair[0]] = true
		}
		return nil
	}
	for i, pair := range pairs {
		for _, earlier := range pairs[:i] {
			if earlier[0] == pair[0] {
				return pair[0]
			}
		}
	}
	return nil
}
