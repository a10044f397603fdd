// Package explain says why a recorded decision was what it was: the rules that
// fired, from the bundle that runs, and on demand a trace of the bundle that
// judged.
package explain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// bundles are those that came by push or from a source.
type bundles interface {
	// PolicyDigest returns aegis.ErrNotFound when no bundle has the revision.
	PolicyDigest(ctx context.Context, revision string) (digest string, err error)
	// PolicyArchive returns aegis.ErrNotFound when there is none.
	PolicyArchive(ctx context.Context, digest string) ([]byte, error)
}

// Explainer explains decisions. It is safe for concurrent use; traces are made
// one at a time.
type Explainer struct {
	running func() *policies.Gate
	bundles bundles
	options policies.Options
	turn    chan struct{}
}

// New makes an explainer. Running is the gate that decides now; options are the
// settings under which older bundles are loaded.
func New(running func() *policies.Gate, b bundles, o policies.Options) *Explainer {
	o.BundleDir, o.Logger = "", nil
	return &Explainer{running: running, bundles: b, options: o, turn: make(chan struct{}, 1)}
}

// Explain documents the rules that fired and, with trace, judges the input
// again.
func (e *Explainer) Explain(ctx context.Context, d aegis.Decision, trace bool) (aegis.DecisionExplanation, error) {
	x := aegis.DecisionExplanation{Decision: d, Rules: e.rules(d)}
	if !trace {
		return x, nil
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return x, fmt.Errorf("trace decision %s: %w", d.DecisionID, ctx.Err())
	}
	t, err := e.trace(ctx, d)
	if err != nil {
		return x, fmt.Errorf("trace decision %s: %w", d.DecisionID, err)
	}
	x.Trace = &t
	return x, nil
}

func (e *Explainer) rules(d aegis.Decision) []aegis.FiredRule {
	gate, fired := e.running(), []aegis.FiredRule{}
	add := func(effect string, results []aegis.RuleResult) {
		for _, r := range results {
			rule, _ := gate.Rule(r.Code)
			fired = append(fired, aegis.FiredRule{
				RuleResult: r, Effect: effect, Title: rule.Title, Severity: rule.Severity, Remediation: rule.Remediation, Pack: rule.Pack,
			})
		}
	}
	add("deny", d.Result.Deny)
	add("warn", d.Result.Warn)
	return fired
}

func (e *Explainer) trace(ctx context.Context, d aegis.Decision) (aegis.DecisionTrace, error) {
	if input := bytes.TrimSpace(d.Input); len(input) == 0 || string(input) == "null" {
		return aegis.DecisionTrace{}, fmt.Errorf("no input was kept: %w", aegis.ErrNotFound)
	}
	gate, notes, err := e.gateOf(ctx, d.BundleRevision)
	if err != nil {
		return aegis.DecisionTrace{}, err
	}
	lines, truncated, result, err := gate.Trace(ctx, d.Path, d.Input)
	if err != nil {
		return aegis.DecisionTrace{}, err
	}
	if slices.ContainsFunc(slices.Concat(d.Masked, d.Erased), ofInput) {
		notes = append(notes, "values of the input were masked when it was stored; what rules made of them is not in the trace")
	}
	if result.Outcome() != d.Outcome && d.Outcome != "" {
		notes = append(notes, fmt.Sprintf("what came out is %s, not %s: the door denies beside policy, or see above", result.Outcome(), d.Outcome))
	}
	return aegis.DecisionTrace{
		BundleRevision: gate.Revision(), Exact: len(notes) == 0, Notes: notes, Outcome: result.Outcome(),
		Lines: lines, Truncated: truncated,
	}, nil
}

func ofInput(pointer string) bool {
	return pointer == "/input" || strings.HasPrefix(pointer, "/input/")
}

// gateOf is the gate of that revision, or else the one that runs, with a note.
func (e *Explainer) gateOf(ctx context.Context, revision string) (*policies.Gate, []string, error) {
	running := e.running()
	if running != nil && running.Revision() == revision {
		return running, []string{}, nil
	}
	gate, err := e.stored(ctx, revision)
	if err != nil {
		return nil, nil, err
	}
	if gate != nil {
		return gate, []string{}, nil
	}
	if running == nil {
		return nil, nil, fmt.Errorf("no policy bundle is loaded: %w", aegis.ErrUnavailable)
	}
	return running, []string{fmt.Sprintf("bundle %q is not kept, or not under its settings of that time; the one that runs was evaluated", revision)}, nil
}

// stored loads the bundle of that revision; nil says that it can't be had.
func (e *Explainer) stored(ctx context.Context, revision string) (*policies.Gate, error) {
	files, err := e.files(ctx, revision)
	if errors.Is(err, aegis.ErrNotFound) {
		files, err = policies.Embedded()
	}
	if err != nil {
		return nil, err
	}
	gate, err := policies.Load(ctx, files, e.options)
	if err != nil || gate.Revision() != revision {
		return nil, ctx.Err() // it ran once, so it is the settings that changed
	}
	return gate, nil
}

func (e *Explainer) files(ctx context.Context, revision string) (archive.Files, error) {
	digest, err := e.bundles.PolicyDigest(ctx, revision)
	if err != nil {
		return nil, err // which says what was attempted
	}
	packed, err := e.bundles.PolicyArchive(ctx, digest)
	if err != nil {
		return nil, err
	}
	return archive.ReadTar(bytes.NewReader(packed), archive.DefaultLimits())
}
