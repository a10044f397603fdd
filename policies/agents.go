package policies

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/rego"

	aegis "github.com/aegisworld/aegis"
)

// agentsQuery is undefined when any of its parts is.
const agentsQuery = `{"deny": data.aegis.agents.deny, "execution_policy": data.aegis.agents.execution_policy}`

var errNoToolAnswer = errors.New("policy leaves aegis.agents.deny or execution_policy undefined")

// toolAnswer is what package aegis.agents must say, all of it.
type toolAnswer struct {
	Deny            *[]aegis.RuleResult    `json:"deny"`
	ExecutionPolicy *aegis.ExecutionPolicy `json:"execution_policy"`
}

// PermitTool asks package aegis.agents what a call of a tool may do. The error says
// why it may not be made: the messages of what denies it, or what keeps policy from
// answering. A bundle without the package denies every call: whoever replaced the
// shipped rules as a whole allowed none.
func (g *Gate) PermitTool(ctx context.Context, in aegis.ToolInput) (granted aegis.ExecutionPolicy, err error) {
	if g == nil || g.agents == nil {
		return aegis.ExecutionPolicy{}, errors.New("no policy bundle is loaded, or it lacks package aegis.agents")
	}
	defer func() {
		if r := recover(); r != nil {
			granted, err = aegis.ExecutionPolicy{}, fmt.Errorf("policy engine panicked: %v", r)
		}
	}()
	doc, err := newDocument(in)
	if err != nil {
		return aegis.ExecutionPolicy{}, err
	}
	ctx, end := g.bound(ctx)
	defer end()
	if err := ctx.Err(); err != nil {
		return aegis.ExecutionPolicy{}, fmt.Errorf("evaluate policy: %w", err)
	}
	rs, err := g.agents.Eval(ctx, rego.EvalParsedInput(doc.value), rego.EvalSortSets(true))
	if err != nil {
		return aegis.ExecutionPolicy{}, fmt.Errorf("evaluate policy: %w", err)
	}
	if len(rs) == 0 || len(rs[0].Expressions) == 0 {
		return aegis.ExecutionPolicy{}, errNoToolAnswer
	}
	return decodeToolAnswer(rs[0].Expressions[0].Value)
}

// decodeToolAnswer reads what Rego answered and takes nothing for granted, as
// decodeAnswer does.
func decodeToolAnswer(value any) (aegis.ExecutionPolicy, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return aegis.ExecutionPolicy{}, fmt.Errorf("encode policy answer: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var a toolAnswer
	if err := d.Decode(&a); err != nil {
		return aegis.ExecutionPolicy{}, fmt.Errorf("decode policy answer: %w", err)
	}
	if a.Deny == nil || a.ExecutionPolicy == nil {
		return aegis.ExecutionPolicy{}, errNoToolAnswer
	}
	if len(*a.Deny) == 0 {
		return *a.ExecutionPolicy, nil
	}
	var reasons []string
	for _, found := range *a.Deny {
		reasons = append(reasons, found.Code+": "+found.Msg)
	}
	return aegis.ExecutionPolicy{}, errors.New(strings.Join(reasons, "; "))
}
