package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/aegisworld/aegis/policies/archive"
)

// stockOPA evaluates a bundle as `opa bench -b DIR -i FILE data.aegis.gate`
// does (OPA, v1/cmd/bench.go): prepared once, the answer not rendered, with
// metrics.
type stockOPA struct {
	query rego.PreparedEvalQuery
}

func newStockOPA(ctx context.Context, files archive.Files) (*stockOPA, error) {
	b, err := files.Parse(ast.CapabilitiesForThisVersion(), archive.IsTest)
	if err != nil {
		return nil, fmt.Errorf("read the bundle for stock OPA: %w", err)
	}
	unrendered := rego.GenerateJSON(func(*ast.Term, *rego.EvalContext) (any, error) { return struct{}{}, nil })
	query, err := rego.New(rego.Query("data.aegis.gate"), rego.ParsedBundle("bench", b), unrendered).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare stock OPA: %w", err)
	}
	return &stockOPA{query: query}, nil
}

// judge parses an input and evaluates it, and says how long each took: opa
// bench counts evaluation alone, a gate has to parse.
func (s *stockOPA) judge(ctx context.Context, input []byte) (parsing, evaluation time.Duration, err error) {
	began := time.Now()
	value, err := ast.ValueFromReader(bytes.NewReader(input))
	if err != nil {
		return 0, 0, fmt.Errorf("parse the input for stock OPA: %w", err)
	}
	parsed := time.Now()
	answer, err := s.query.Eval(ctx, rego.EvalParsedInput(value), rego.EvalMetrics(metrics.New()))
	if err != nil {
		return 0, 0, fmt.Errorf("evaluate by stock OPA: %w", err)
	}
	if len(answer) == 0 {
		return 0, 0, errors.New("evaluate by stock OPA: undefined")
	}
	return parsed.Sub(began), time.Since(parsed), nil
}
