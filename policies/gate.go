package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	aegis "github.com/aegisworld/aegis"
)

// Codes of denials that the gate itself makes, because policy gave no answer.
const (
	CodeUndefined = "policy_undefined"
	CodeError     = "policy_error"
	CodeTimeout   = "policy_timeout"
	CodeMissing   = "policy_missing"
)

// DefaultTimeout bounds one decision unless Options say otherwise.
const DefaultTimeout = 2 * time.Second

// gateQuery is undefined when any of its parts is.
const gateQuery = `{"deny": data.aegis.gate.deny, "warn": data.aegis.gate.warn,
	"require": data.aegis.gate.require, "execution_policy": data.aegis.gate.execution_policy}`

// metaQuery is gateQuery's for changes of the policy bundle itself.
const metaQuery = `{"deny": data.aegis.meta.deny, "warn": data.aegis.meta.warn,
	"require": data.aegis.meta.require, "execution_policy": data.aegis.meta.execution_policy}`

const maskQuery = `data.aegis.system.log.mask`

// Options configure a Gate; the zero value is the embedded bundle.
type Options struct {
	// BundleDir holds a bundle that replaces the embedded one.
	BundleDir string
	// Timeout bounds one decision; 0 is DefaultTimeout.
	Timeout time.Duration
	// Memory bounds what one decision may hold, in bytes; 0 is DefaultMemory.
	Memory uint64
	// Data overrides settings of the bundle (data.aegis.settings) by name, such
	// as {"soak_seconds": {"default": 60}}.
	Data map[string]any
	// Logger hears of decisions that failed; nil discards.
	Logger *slog.Logger
}

// Gate judges changes. It is safe for concurrent use.
type Gate struct {
	decide   *rego.PreparedEvalQuery
	meta     *rego.PreparedEvalQuery
	drift    *rego.PreparedEvalQuery
	agents   *rego.PreparedEvalQuery
	mask     *rego.PreparedEvalQuery
	index    *typeIndex
	plain    func(context.Context) (*Gate, error)
	revision string
	packages []string
	rules    map[string]Rule
	timeout  time.Duration
	memory   uint64
	logger   *slog.Logger
}

// NewGate reads and compiles a bundle. It returns an error when the bundle
// can't be read, does not compile, or lacks a setting that Options override.
// A bundle without package aegis.gate is no error: that gate denies everything
// with CodeMissing.
func NewGate(ctx context.Context, o Options) (*Gate, error) {
	b, err := readBundle(o.BundleDir)
	if err != nil {
		return nil, err
	}
	if err := overlay(b, o.Data); err != nil {
		return nil, err
	}
	return newGate(ctx, b, o)
}

func newGate(ctx context.Context, b *bundle.Bundle, o Options) (*Gate, error) {
	var index *typeIndex
	if indexable(b) {
		index = newTypeIndex(b.Data)
	}
	g, err := newIndexedGate(ctx, b, o, index)
	if err != nil {
		return nil, err
	}
	g.plain = func(ctx context.Context) (*Gate, error) { return newIndexedGate(ctx, b, o, nil) }
	return g, nil
}

// newIndexedGate does without an index where it is nil.
func newIndexedGate(ctx context.Context, b *bundle.Bundle, o Options, index *typeIndex) (*Gate, error) {
	rev, err := revision(b)
	if err != nil {
		return nil, err
	}
	g := &Gate{index: index, revision: rev, packages: packagesOf(b), timeout: o.Timeout, memory: o.Memory, logger: o.Logger}
	if g.timeout <= 0 {
		g.timeout = DefaultTimeout
	}
	if g.memory == 0 {
		g.memory = DefaultMemory
	}
	if g.logger == nil {
		g.logger = slog.New(slog.DiscardHandler)
	}
	compiler, err := compile(b, index)
	if err != nil {
		return nil, err
	}
	g.rules = byCode(annotatedRules(compiler))
	if hasPackage(b, "data.aegis.gate") {
		if g.decide, err = prepare(ctx, compiler, b, gateQuery); err != nil {
			return nil, err
		}
		if g.meta, err = prepareMeta(ctx, compiler, b, o); err != nil {
			return nil, err
		}
	}
	if hasPackage(b, "data.aegis.drift") {
		if g.drift, err = prepare(ctx, compiler, b, driftQuery); err != nil {
			return nil, err
		}
	}
	if hasPackage(b, "data.aegis.agents") {
		if g.agents, err = prepare(ctx, compiler, b, agentsQuery); err != nil {
			return nil, err
		}
	}
	g.mask, err = prepare(ctx, compiler, b, maskQuery)
	return g, err
}

// prepareMeta takes the rules about bundles from the embedded bundle where a
// bundle has none of its own.
func prepareMeta(ctx context.Context, c *ast.Compiler, b *bundle.Bundle, o Options) (*rego.PreparedEvalQuery, error) {
	if hasPackage(b, "data.aegis.meta") {
		return prepare(ctx, c, b, metaQuery)
	}
	embedded, err := readBundle("")
	if err != nil {
		return nil, err
	}
	if err := overlay(embedded, o.Data); err != nil {
		return nil, err
	}
	builtin, err := newIndexedGate(ctx, embedded, o, nil) // for an index would not be this bundle's
	if err != nil {
		return nil, err
	}
	return builtin.meta, nil
}

func compile(b *bundle.Bundle, index *typeIndex) (*ast.Compiler, error) {
	modules := make(map[string]*ast.Module, len(b.Modules))
	for _, m := range b.Modules {
		modules[m.Path] = m.Parsed
	}
	c, err := NewCompiler()
	if err != nil {
		return nil, err
	}
	if index != nil {
		c.WithStageAfter(string(ast.StageCheckDeprecatedBuiltins), ast.CompilerStageDefinition{
			Name: "IndexByType", MetricName: "aegis_index_by_type", Stage: index.rewrite,
		})
	}
	if c.Compile(modules); c.Failed() {
		return nil, fmt.Errorf("compile policy bundle: %w", c.Errors)
	}
	return c, nil
}

func prepare(ctx context.Context, c *ast.Compiler, b *bundle.Bundle, query string) (*rego.PreparedEvalQuery, error) {
	store := inmem.NewFromObjectWithOpts(b.Data, inmem.OptReturnASTValuesOnRead(true))
	q, err := rego.New(rego.Compiler(c), rego.Store(store), rego.Query(query),
		rego.StrictBuiltinErrors(true)).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare policy query: %w", err)
	}
	return &q, nil
}

func hasPackage(b *bundle.Bundle, path string) bool {
	for _, m := range b.Modules {
		if m.Parsed.Package.Path.String() == path {
			return true
		}
	}
	return false
}

// Rule documents the rule of that code; ok is false when the bundle has none.
func (g *Gate) Rule(code string) (rule Rule, ok bool) {
	if g == nil {
		return Rule{}, false
	}
	rule, ok = g.rules[code]
	return rule, ok
}

// Revision identifies the rules: the manifest's revision, "@" and a digest.
func (g *Gate) Revision() string { return g.revision }

// Decide judges one change, by package aegis.gate, or by aegis.meta one of the
// policy bundle itself. It never fails: whatever keeps policy from answering is
// a denial with one of the codes above. The message of a rule that has a
// remediation ends with it.
func (g *Gate) Decide(ctx context.Context, in aegis.GateInput) aegis.GateResult {
	result, _ := g.Judge(ctx, in)
	return result
}

// Judge is Decide, and record says, once the result is what is acted on, what
// of both may be stored; see Record. The input is encoded and parsed once for
// both.
func (g *Gate) Judge(
	ctx context.Context, in aegis.GateInput,
) (result aegis.GateResult, record func(context.Context, aegis.GateResult) (aegis.DecisionRecord, error)) {
	doc, err := newDocument(in)
	return g.judge(ctx, in, doc, err), func(ctx context.Context, result aegis.GateResult) (aegis.DecisionRecord, error) {
		if err != nil {
			return aegis.DecisionRecord{}, err
		}
		return g.record(ctx, doc, result)
	}
}

// judge answers for a document that could not be made with that error.
func (g *Gate) judge(ctx context.Context, in aegis.GateInput, doc document, unfit error) (result aegis.GateResult) {
	if g == nil || g.decide == nil {
		return g.missing()
	}
	defer func() {
		if r := recover(); r != nil {
			result = g.fault(ctx, in, fmt.Errorf("policy engine panicked: %v", r))
		}
		result.BundleRevision = g.revision
	}()
	ctx, end := g.bound(ctx)
	defer end()
	query := g.decide
	if in.Policy != nil {
		query = g.meta
	}
	answer, err := aegis.GateResult{}, unfit
	if err == nil {
		answer, err = evaluate(ctx, query, g.index.apply(doc.value))
	}
	if err != nil {
		return g.fault(ctx, in, err)
	}
	g.addRemediations(answer.Deny)
	g.addRemediations(answer.Warn)
	return answer
}

func evaluate(ctx context.Context, query *rego.PreparedEvalQuery, input ast.Value) (aegis.GateResult, error) {
	if err := ctx.Err(); err != nil {
		return aegis.GateResult{}, fmt.Errorf("evaluate policy: %w", err)
	}
	return answered(ctx, query, input)
}

func answered(
	ctx context.Context, query *rego.PreparedEvalQuery, input ast.Value, more ...rego.EvalOption,
) (aegis.GateResult, error) {
	rs, err := query.Eval(ctx, append(more, rego.EvalParsedInput(input), rego.EvalSortSets(true))...)
	if err != nil {
		return aegis.GateResult{}, fmt.Errorf("evaluate policy: %w", err)
	}
	if len(rs) == 0 || len(rs[0].Expressions) == 0 {
		return aegis.GateResult{}, errUndefined
	}
	return decodeAnswer(rs[0].Expressions[0].Value)
}

// document is an input as it is stored, and as OPA reads it.
type document struct {
	raw   json.RawMessage
	value ast.Value
}

func newDocument(in any) (document, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return document{}, fmt.Errorf("encode policy input: %w", err)
	}
	value, err := parseOwn(raw)
	if err != nil {
		return document{}, fmt.Errorf("parse policy input: %w", err)
	}
	return document{raw, value}, nil
}

func (g *Gate) fault(ctx context.Context, in aegis.GateInput, err error) aegis.GateResult {
	code := CodeError
	over, isOver := errors.AsType[*memoryError](context.Cause(ctx))
	switch {
	case isOver:
		err = fmt.Errorf("evaluate policy: %w", over)
	case errors.Is(err, errUndefined):
		code = CodeUndefined
	case errors.Is(ctx.Err(), context.DeadlineExceeded), topdown.IsCancel(err) && ctx.Err() == nil:
		code = CodeTimeout
	}
	g.logger.ErrorContext(ctx, "policy gave no answer", "change_set_id", in.ChangeSet.ChangeSetID,
		"code", code, "error", err)
	return refusal(code, err.Error())
}

// missing is the answer of no gate, and of a bundle without package aegis.gate.
func (g *Gate) missing() aegis.GateResult {
	result := refusal(CodeMissing, "no policy bundle is loaded")
	if g != nil {
		result.BundleRevision = g.revision
	}
	return result
}

func refusal(code, msg string) aegis.GateResult {
	return aegis.GateResult{Deny: []aegis.RuleResult{{Code: code, Msg: msg}}, Warn: []aegis.RuleResult{}}
}

func (g *Gate) addRemediations(rules []aegis.RuleResult) {
	for i, r := range rules {
		if remedy := g.rules[r.Code].Remediation; remedy != "" {
			rules[i].Msg = r.Msg + ". " + remedy
		}
	}
}
