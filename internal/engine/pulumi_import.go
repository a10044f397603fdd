package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optimport"

	"github.com/aegisworld/aegis"
)

// adopt imports one existing resource, "Type::name", into the state.
func (p *pulumiEngine) adopt(ctx context.Context, run aegis.StackRun, address, id string) error {
	token, name, ok := strings.Cut(address, "::")
	if !ok || strings.Contains(token, "$") {
		return aegis.Invalid("address", fmt.Sprintf("%q is not Type::name", address))
	}
	snap, err := p.snapshot(ctx, run)
	j, err := p.cfg.newJudge(run, "", snap, err)
	if err != nil {
		return err
	}
	if err := j.allow(ctx, aegis.Plan{StackID: run.Stack.StackID}); err != nil {
		return err
	}
	s, err := p.open(ctx, run, nil)
	if err != nil {
		return err
	}
	defer s.close()
	err = s.orCreate(ctx, func() error {
		_, err := s.stack.ImportResources(ctx,
			optimport.Resources([]*optimport.ImportResource{{Type: token, Name: name, ID: id}}),
			optimport.Protect(false), optimport.GenerateCode(false))
		return err
	})
	if err != nil && !strings.Contains(err.Error(), "failed to read generated code") {
		return s.failure(err, nil)
	}
	s.healthy = true
	return j.finish(ctx)
}
