package policies

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/rego"

	aegis "github.com/aegisworld/aegis"
)

// Record encodes an input as it may be stored: what package
// aegis.system.log points at with its rule mask (JSON pointers such as
// "/input/specs/dev.data.eu-west-1/parameters/settings/api-key") is replaced
// by aegis.Masked. When masking fails, nothing is recorded but the error;
// where there is no bundle, and so no mask, null is.
func (g *Gate) Record(ctx context.Context, in aegis.GateInput) (json.RawMessage, error) {
	if g == nil {
		return json.RawMessage("null"), nil
	}
	value, err := parseInput(in)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	rs, err := g.mask.Eval(ctx, rego.EvalParsedInput(value), rego.EvalSortSets(true))
	if err != nil {
		return nil, fmt.Errorf("mask policy input: %w", err)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode policy input: %w", err)
	}
	if len(rs) == 0 {
		return raw, nil
	}
	return maskPaths(raw, rs[0].Expressions[0].Value)
}

func maskPaths(raw []byte, paths any) (json.RawMessage, error) {
	list, ok := paths.([]any)
	if !ok {
		return nil, fmt.Errorf("mask policy input: data.aegis.system.log.mask is no set")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("mask policy input: %w", err)
	}
	for _, p := range list {
		pointer, ok := p.(string)
		if !ok || !strings.HasPrefix(pointer, "/input/") {
			return nil, fmt.Errorf("mask policy input: %v does not begin with /input/", p)
		}
		maskAt(doc, strings.Split(strings.TrimPrefix(pointer, "/input/"), "/"))
	}
	masked, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("mask policy input: %w", err)
	}
	return masked, nil
}

// maskAt replaces the value at the pointer's tokens, if there is one.
func maskAt(node any, tokens []string) {
	key := strings.NewReplacer("~1", "/", "~0", "~").Replace(tokens[0])
	last := len(tokens) == 1
	switch n := node.(type) {
	case map[string]any:
		child, ok := n[key]
		switch {
		case ok && last:
			n[key] = aegis.Masked
		case ok:
			maskAt(child, tokens[1:])
		}
	case []any:
		i, err := strconv.Atoi(key)
		switch {
		case err != nil || i < 0 || i >= len(n):
		case last:
			n[i] = aegis.Masked
		default:
			maskAt(n[i], tokens[1:])
		}
	}
}
