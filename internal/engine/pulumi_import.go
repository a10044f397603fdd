package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optimport"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/aegisworld/aegis"
)

// adopt makes the stack manage an existing resource as the one that its
// program would create at the address.
func (p *pulumiEngine) adopt(ctx context.Context, run aegis.StackRun, address, id string) error {
	rec, err := p.recordPreview(ctx, run)
	if err != nil {
		return err
	}
	m, ok := rec.creation(address)
	if !ok {
		return aegis.Invalid("address", fmt.Sprintf("the program would create no %q", address))
	}
	snap, err := p.snapshot(ctx, run)
	j, err := p.cfg.newJudge(run, "", snap, err)
	if err != nil {
		return err
	}
	if err := j.allow(ctx, aegis.Plan{StackID: run.Stack.StackID}); err != nil {
		return err
	}
	done, err := p.adoptInState(ctx, run, m, id)
	if err == nil && !done {
		err = p.importByCLI(ctx, run, m, id)
	}
	return j.finish(ctx, err, p.left(run))
}

// creation finds the step that would create the resource at address.
func (r *recording) creation(address string) (apitype.StepEventMetadata, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for urn, m := range r.planned {
		if addressOf(urn) == address && actionOf(m.Op) == aegis.ActionCreate && m.New != nil {
			return m, true
		}
	}
	return apitype.StepEventMetadata{}, false
}

// adoptInState puts the resource into the state, when its provider is there.
func (p *pulumiEngine) adoptInState(ctx context.Context, run aegis.StackRun, m apitype.StepEventMetadata, id string) (bool, error) {
	key, data, err := p.readState(ctx, run)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c, d, err := parse(data)
	if err != nil || !d.has(m.New.Provider) {
		return false, err
	}
	d.adopt(stepResource(m), id)
	return true, p.writeDeployment(ctx, run, key, c, d)
}

// has says that the state has the provider of a reference, <urn>::<id>.
func (d deployment) has(provider string) bool {
	for _, r := range d.Resources {
		if provider == string(r.URN)+"::"+string(r.ID) {
			return true
		}
	}
	return false
}

// stepResource is a resource as a step describes it, without its secrets.
func stepResource(m apitype.StepEventMetadata) apitype.ResourceV3 {
	return apitype.ResourceV3{
		URN: resource.URN(m.URN), Custom: true, Type: tokens.Type(m.Type), Inputs: withoutSecrets(m.New.Inputs),
		Parent: resource.URN(m.New.Parent), Provider: m.New.Provider,
	}
}

// importByCLI imports with the default provider.
func (p *pulumiEngine) importByCLI(ctx context.Context, run aegis.StackRun, m apitype.StepEventMetadata, id string) error {
	s, err := p.open(ctx, run, nil)
	if err != nil {
		return err
	}
	defer s.close()
	_, name := splitURN(m.URN)
	err = s.orCreate(ctx, func() error {
		_, err := s.stack.ImportResources(ctx,
			optimport.Resources([]*optimport.ImportResource{{Type: m.Type, Name: name, ID: id}}),
			optimport.Protect(false), optimport.GenerateCode(false))
		if err != nil && strings.Contains(err.Error(), "failed to read generated code") {
			return nil // none was asked for
		}
		return err
	})
	if err != nil {
		return s.failure(err, nil)
	}
	s.healthy = true
	return nil
}
