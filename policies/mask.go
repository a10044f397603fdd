package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	aegis "github.com/aegisworld/aegis"
)

// Record is what of a decision may be stored, as package aegis.system.log says
// with its rule mask. As in OPA, a mask is a JSON pointer (RFC 6901) to what is
// erased, such as "/input/specs/dev.data.eu-west-1/parameters/settings/api-key",
// or {"op": "remove" or "upsert", "path": …, "value": …}; all mean the document
// as it was judged. Pointers begin with /input or /result. Which rules fired
// can't be masked. When masking fails, nothing is recorded but the error; a
// gate without a bundle, which knows no masks, keeps no input.
func (g *Gate) Record(ctx context.Context, in aegis.GateInput, result aegis.GateResult) (aegis.DecisionRecord, error) {
	doc, err := newDocument(in)
	if err != nil {
		return aegis.DecisionRecord{}, err
	}
	return g.record(ctx, doc, result)
}

func (g *Gate) record(ctx context.Context, doc document, result aegis.GateResult) (aegis.DecisionRecord, error) {
	if g == nil || g.mask == nil {
		return aegis.DecisionRecord{Input: json.RawMessage("null"), Result: result, Erased: []string{"/" + inputPart}}, nil
	}
	masks, err := g.masks(ctx, doc.value)
	if err != nil {
		return aegis.DecisionRecord{}, fmt.Errorf("mask policy input: %w", err)
	}
	record := aegis.DecisionRecord{Input: doc.raw, Result: result}
	if len(masks) == 0 {
		return record, nil
	}
	if err := apply(&record, masks); err != nil {
		return aegis.DecisionRecord{}, fmt.Errorf("mask policy input: %w", err)
	}
	return record, nil
}

// masks asks the bundle; without a rule mask there are none.
func (g *Gate) masks(ctx context.Context, value ast.Value) ([]mask, error) {
	ctx, end := g.bound(ctx)
	defer end()
	rs, err := g.mask.Eval(ctx, rego.EvalParsedInput(value), rego.EvalSortSets(true))
	if err != nil {
		return nil, err
	}
	if len(rs) == 0 {
		return nil, nil
	}
	return readMasks(rs[0].Expressions[0].Value)
}

// readMasks takes nothing for granted: what is no mask of OPA's is an error.
func readMasks(value any) ([]mask, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("data.aegis.system.log.mask is no set")
	}
	masks := make([]mask, len(list))
	for i, item := range list {
		m, err := readMask(item)
		if err != nil {
			return nil, err
		}
		masks[i] = m
	}
	return masks, nil
}

func readMask(item any) (mask, error) {
	switch m := item.(type) {
	case string:
		return newMask("remove", m, nil)
	case map[string]any:
		op, _ := m["op"].(string)
		path, _ := m["path"].(string)
		return newMask(op, path, m["value"])
	default:
		return mask{}, fmt.Errorf("a mask is a %T, neither a string nor an object", item)
	}
}

// apply changes a record as all masks together say. Values are replaced before
// any is removed, and removed from the last to the first, so that no mask
// moves what another one means.
func apply(record *aegis.DecisionRecord, masks []mask) error {
	input, err := decode(record.Input)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(record.Result)
	if err != nil {
		return err
	}
	result, err := decode(encoded)
	if err != nil {
		return err
	}
	document := map[string]any{inputPart: input, resultPart: result}
	record.Masked, record.Erased = applyAll(document, masks)
	if record.Input, err = json.Marshal(document[inputPart]); err != nil {
		return err
	}
	return maskResult(record, document[resultPart])
}

func applyAll(document map[string]any, masks []mask) (masked, erased []string) {
	masks = slices.Clone(masks)
	slices.SortFunc(masks, compareMasks)
	masks = slices.CompactFunc(masks, func(x, y mask) bool { return x.remove && y.remove && compareMasks(x, y) == 0 })
	for _, m := range masks {
		if !m.remove && upsert(document, m.tokens, m.value) {
			masked = append(masked, m.pointer)
		}
	}
	for _, m := range slices.Backward(masks) {
		if !m.remove {
			continue
		}
		if _, ok := remove(document, m.tokens); ok {
			erased = append(erased, m.pointer)
		}
	}
	slices.Sort(erased)
	return masked, erased
}

// maskResult takes over the masked result, which must still be one and name
// the same rules.
func maskResult(record *aegis.DecisionRecord, document any) error {
	encoded, err := json.Marshal(document)
	if err != nil {
		return err
	}
	var result aegis.GateResult
	if err := json.Unmarshal(encoded, &result); err != nil {
		return fmt.Errorf("what the masks leave of the result is none: %w", err)
	}
	if !slices.Equal(ruleCodes(result), ruleCodes(record.Result)) {
		return errors.New("the masks hide which rules fired; mask their msg or address instead")
	}
	if result.Deny == nil {
		result.Deny = []aegis.RuleResult{}
	}
	record.Result = result
	return nil
}

func ruleCodes(r aegis.GateResult) []string {
	codes := make([]string, 0, len(r.Deny)+len(r.Warn)+1)
	for _, d := range r.Deny {
		codes = append(codes, d.Code)
	}
	codes = append(codes, "")
	for _, w := range r.Warn {
		codes = append(codes, w.Code)
	}
	return codes
}
