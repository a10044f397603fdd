package policies

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/rego"

	aegis "github.com/aegisworld/aegis"
)

const driftQuery = `data.aegis.drift.decision`

// DecideDrift asks package aegis.drift what to do about a drifted attribute. It
// never fails: what keeps policy from answering is aegis.ReportDrift, for then
// nothing is changed, with the reason.
func (g *Gate) DecideDrift(ctx context.Context, seen aegis.DriftedAttribute) (decision aegis.DriftDecision, reason string) {
	decision, err := g.decideDrift(ctx, seen)
	if err != nil {
		return aegis.ReportDrift, "policy gave no answer: " + err.Error()
	}
	return decision, ""
}

func (g *Gate) decideDrift(ctx context.Context, seen aegis.DriftedAttribute) (decision aegis.DriftDecision, err error) {
	if g == nil || g.drift == nil {
		return "", errors.New("no policy bundle is loaded, or it lacks package aegis.drift")
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("policy engine panicked: %v", r)
		}
	}()
	doc, err := newDocument(seen)
	if err != nil {
		return "", err
	}
	ctx, end := g.bound(ctx)
	defer end()
	rs, err := g.drift.Eval(ctx, rego.EvalParsedInput(doc.value))
	if err != nil {
		return "", fmt.Errorf("evaluate policy: %w", err)
	}
	if len(rs) == 0 || len(rs[0].Expressions) == 0 {
		return "", errUndefined
	}
	text, _ := rs[0].Expressions[0].Value.(string)
	switch decision = aegis.DriftDecision(text); decision {
	case aegis.CorrectDrift, aegis.AdoptDrift, aegis.ReportDrift:
		return decision, nil
	default:
		return "", fmt.Errorf("%q is not correct, adopt or report", text)
	}
}
