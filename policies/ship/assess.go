package ship

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// Assess verifies, checks, compiles and tests a candidate, replays history by
// it and compares it with the bundle base. An InvalidError says why it can't
// run; its messages begin with file, line and column where there are any.
func (s *Shipper) Assess(ctx context.Context, digest, base string) (aegis.PolicyAssessment, error) {
	candidate, change, err := s.sound(ctx, digest)
	if err != nil {
		if errors.Is(err, aegis.ErrInvalid) {
			s.Failed("refused")
		}
		return aegis.PolicyAssessment{}, err
	}
	baseFiles, err := s.files(ctx, base)
	if err != nil {
		return aegis.PolicyAssessment{}, err
	}
	running, err := s.load(ctx, baseFiles)
	if err != nil {
		return aegis.PolicyAssessment{}, fmt.Errorf("load the running policy bundle: %w", err)
	}
	gate, err := s.load(ctx, candidate)
	if err != nil {
		return aegis.PolicyAssessment{}, unfit(ctx, err)
	}
	if change.Simulation, err = s.replay(ctx, running, gate); err != nil {
		return aegis.PolicyAssessment{}, err
	}
	diff := difference(baseFiles, candidate)
	change.Digest, change.Base, change.Revision, change.Modules = digest, base, gate.Revision(), modules(diff)
	change.Packages = gate.Packages()
	return aegis.PolicyAssessment{Change: change, Diff: diff}, nil
}

// sound are the files of a candidate that is signed, compiles and passes its
// tests.
func (s *Shipper) sound(ctx context.Context, digest string) (files archive.Files, change aegis.PolicyChange, err error) {
	if files, err = s.files(ctx, digest); err != nil {
		return nil, change, err
	}
	if digest != aegis.EmbeddedBundle {
		if change.SignedBy, err = s.verify(files); err != nil {
			return nil, change, err
		}
	}
	change.Tests, err = s.test(ctx, files)
	return files, change, err
}

// load compiles a bundle under the settings of this installation.
func (s *Shipper) load(ctx context.Context, files archive.Files) (*policies.Gate, error) {
	return policies.Load(ctx, files, s.Options)
}

// unfit makes an InvalidError of the reasons why a bundle does not compile.
func unfit(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	var found ast.Errors
	if !errors.As(err, &found) {
		return aegis.Invalid("bundle", clip(err.Error()))
	}
	messages := make([]string, len(found))
	for i, e := range found {
		place := ""
		if at := e.Location; at != nil {
			place = fmt.Sprintf("%s:%d:%d: ", strings.TrimPrefix(at.File, "/"), at.Row, at.Col)
		}
		messages[i] = place + e.Code + ": " + e.Message
	}
	return invalid(messages)
}

// Faults counts what a bundle was asked since then and gave no answer to.
func (s *Shipper) Faults(ctx context.Context, revision string, shadow bool, since time.Time) (aegis.PolicyFaults, error) {
	return s.Store.PolicyFaults(ctx, revision, shadow, since)
}
