package policies

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The parts of a decision that masks reach.
const (
	inputPart  = "input"
	resultPart = "result"
)

// mask removes or replaces one value. Its tokens are those of its pointer, the
// part first.
type mask struct {
	pointer string
	tokens  []string
	remove  bool
	value   any
}

func newMask(op, pointer string, value any) (mask, error) {
	if op != "remove" && op != "upsert" {
		return mask{}, fmt.Errorf("the mask of %q has the op %q, which is neither remove nor upsert", pointer, op)
	}
	raw, ok := strings.CutPrefix(pointer, "/")
	tokens := strings.Split(raw, "/")
	if !ok || tokens[0] != inputPart && tokens[0] != resultPart {
		return mask{}, fmt.Errorf("the mask %q begins neither with /input nor with /result", pointer)
	}
	for i, token := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return mask{pointer: pointer, tokens: tokens, remove: op == "remove", value: value}, nil
}

// compareMasks orders masks by place, indices of a list by number, and what is
// replaced before what is removed.
func compareMasks(x, y mask) int {
	if c := slices.CompareFunc(x.tokens, y.tokens, compareTokens); c != 0 {
		return c
	}
	switch {
	case x.remove == y.remove:
		return strings.Compare(fmt.Sprint(x.value), fmt.Sprint(y.value))
	case y.remove:
		return -1
	default:
		return 1
	}
}

func compareTokens(x, y string) int {
	i, iOK := index(x)
	j, jOK := index(y)
	switch {
	case iOK && jOK:
		return cmp.Compare(i, j)
	case iOK:
		return -1
	case jOK:
		return 1
	default:
		return strings.Compare(x, y)
	}
}

// index reads a list's index, which has one spelling only.
func index(token string) (int, bool) {
	i, err := strconv.Atoi(token)
	return i, err == nil && i >= 0 && strconv.Itoa(i) == token
}

// child is what the token names in a node, if there is such a thing.
func child(node any, token string) (any, bool) {
	switch n := node.(type) {
	case map[string]any:
		c, ok := n[token]
		return c, ok
	case []any:
		if i, ok := index(token); ok && i < len(n) {
			return n[i], true
		}
	}
	return nil, false
}

// set makes a node's child be value; it says whether the node can have it.
func set(node any, token string, value any) bool {
	switch n := node.(type) {
	case map[string]any:
		n[token] = value
		return true
	case []any:
		if i, ok := index(token); ok && i < len(n) {
			n[i] = value
			return true
		}
	}
	return false
}

// upsert sets the value at a place, and makes the objects on the way, as OPA
// does. It says whether the place can be.
func upsert(node any, tokens []string, value any) bool {
	if len(tokens) == 1 {
		return set(node, tokens[0], value)
	}
	next, ok := child(node, tokens[0])
	if ok {
		return upsert(next, tokens[1:], value)
	}
	made := map[string]any{}
	return upsert(made, tokens[1:], value) && set(node, tokens[0], made)
}

// remove takes the value at a place out of a node and returns the node without
// it: a list is another one then. ok says that there was such a value.
func remove(node any, tokens []string) (without any, ok bool) {
	found, ok := child(node, tokens[0])
	if !ok {
		return node, false
	}
	if len(tokens) > 1 {
		rest, ok := remove(found, tokens[1:])
		return node, ok && set(node, tokens[0], rest)
	}
	switch n := node.(type) {
	case map[string]any:
		delete(n, tokens[0])
	case []any:
		i, _ := index(tokens[0])
		return slices.Delete(n, i, i+1), true
	}
	return node, true
}

// decode reads a document whose numbers stay as they were written.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var document any
	err := d.Decode(&document)
	return document, err
}
