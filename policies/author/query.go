package author

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// queryTimeout bounds one query.
const queryTimeout = 10 * time.Second

// Query evaluates any Rego query, such as data.aegis.lib.changes, on an input
// document with policies.Capabilities; it ends after 10 s. The answers are the
// bindings and values of all results, as opa eval has them; none is undefined.
func Query(ctx context.Context, files archive.Files, query string, input json.RawMessage) (rego.ResultSet, error) {
	modules, data, err := parsed(files)
	if err != nil {
		return nil, err
	}
	compiler, err := policies.NewCompiler()
	if err != nil {
		return nil, err
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile policy bundle: %w", compiler.Errors)
	}
	var document any
	if err := util.UnmarshalJSON(input, &document); err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	parsedQuery, err := ast.ParseBodyWithOpts(query, ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: policies.Capabilities()})
	if err != nil {
		return nil, fmt.Errorf("read the query: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	results, err := rego.New(rego.Compiler(compiler), rego.ParsedQuery(parsedQuery), rego.Input(document),
		rego.Store(inmem.NewFromObject(data)), rego.StrictBuiltinErrors(true)).Eval(ctx)
	if err != nil {
		return nil, fmt.Errorf("evaluate the query: %w", err)
	}
	return results, nil
}
