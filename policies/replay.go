package policies

import (
	"context"
	"encoding/json"
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// Replay judges an input document as a decision recorded it, without a detour
// through Go values. As with Decide, whatever keeps policy from answering is a
// denial; the error says that the document is not JSON (aegis.ErrBadRecord).
func (g *Gate) Replay(ctx context.Context, document json.RawMessage) (result aegis.GateResult, err error) {
	if g == nil || g.decide == nil {
		return g.missing(), nil
	}
	value, err := parseInput(document)
	if err != nil {
		return aegis.GateResult{}, fmt.Errorf("parse policy input: %w: %w", aegis.ErrBadRecord, err)
	}
	defer func() {
		if r := recover(); r != nil {
			result = g.fault(ctx, aegis.GateInput{}, fmt.Errorf("policy engine panicked: %v", r))
		}
		result.BundleRevision = g.revision
	}()
	ctx, end := g.bound(ctx)
	defer end()
	answer, err := answered(ctx, g.decide, g.index.apply(value))
	if err != nil {
		return g.fault(ctx, aegis.GateInput{}, err), nil
	}
	g.addRemediations(answer.Deny)
	g.addRemediations(answer.Warn)
	return answer, nil
}
