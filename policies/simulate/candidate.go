package simulate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis"
)

// candidate compiles the request's bundle. Its faults are InvalidErrors of the
// field modules or bundle.
func (s *Simulator) candidate(ctx context.Context, r aegis.SimulationRequest) (gate Judge, err error) {
	if len(r.Bundle) > 0 {
		gate, err = s.Bundles.Instead(ctx, r.Bundle)
	} else {
		gate, err = s.Bundles.Added(ctx, r.Modules, r.Data)
	}
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("load the candidate: %w", err)
	}
	if err != nil {
		return nil, invalid(field(r), err)
	}
	return gate, nil
}

// field is where a request has its candidate.
func field(r aegis.SimulationRequest) string {
	if len(r.Bundle) > 0 {
		return "bundle"
	}
	return "modules"
}

// invalid is an InvalidError with a fault for each that OPA found, as
// "file:line:column: code: message".
func invalid(field string, err error) error {
	if known, ok := errors.AsType[*aegis.InvalidError](err); ok {
		return known
	}
	var found ast.Errors
	if one, ok := errors.AsType[*ast.Error](err); ok {
		found = ast.Errors{one}
	}
	if many, ok := errors.AsType[ast.Errors](err); ok {
		found = many
	}
	if len(found) == 0 {
		return aegis.Invalid(field, clip(err.Error(), maxMessage))
	}
	var faults aegis.InvalidError
	for _, e := range found[:min(len(found), maxCodes)] {
		place := ""
		if l := e.Location; l != nil {
			place = fmt.Sprintf("%s:%d:%d: ", strings.TrimPrefix(l.File, "/"), l.Row, l.Col)
		}
		faults.Add(field, clip(place+e.Code+": "+e.Message, maxMessage))
	}
	return &faults
}
