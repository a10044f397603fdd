package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/aegisworld/aegis"
)

// proveClean reads the stack's resources, or the targets among them, through
// the plugin and compares them with the state. It returns an error unless all
// are as the state has them.
func (p *pulumiEngine) proveClean(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	if p.cfg.States == nil {
		return aegis.Observation{}, unproven("its state is out of reach")
	}
	if err := p.free(ctx, run); err != nil {
		return aegis.Observation{}, err
	}
	d, err := p.deployment(ctx, run)
	if err != nil {
		return aegis.Observation{}, err
	}
	reads, err := p.reads(ctx, run, d)
	if err != nil {
		return aegis.Observation{}, err
	}
	if len(reads.resources) > 0 {
		if err := p.readAll(ctx, run, reads); err != nil {
			return aegis.Observation{}, err
		}
	}
	seen := aegis.Observation{
		StackID: run.Stack.StackID, Drift: []aegis.ResourceChange{}, Checks: checksOf(d.outputs()),
		ObservedAt: p.cfg.Now().UTC(), Resources: d.index(run.Stack),
	}
	seen.ResourceCount = len(seen.Resources)
	if len(run.Targets) > 0 {
		seen.Targets = run.Targets
		return seen, nil
	}
	slices.SortFunc(seen.Resources, func(a, b aegis.IndexedResource) int { return cmp.Compare(a.Address, b.Address) })
	return seen, nil
}

// free says that nobody has locked the state.
func (p *pulumiEngine) free(ctx context.Context, run aegis.StackRun) error {
	locks, err := p.cfg.States.ListState(ctx, lockKeys(p.cfg.Project, p.name(run)))
	if err == nil && len(locks) > 0 {
		err = unproven("its state is locked")
	}
	return err
}

// pulumiReads is what one look has to read.
type pulumiReads struct {
	config    pluginConfig
	resources []pulumiRead
}

type pulumiRead struct {
	address, tfType string
	request         *pulumirpc.ReadRequest
	// inputs and outputs are what the state has.
	inputs, outputs map[string]any
	ignoreChanges   []string
}

// reads prepares the reads of a state, which must be one that reading alone can
// prove clean.
func (p *pulumiEngine) reads(ctx context.Context, run aegis.StackRun, d deployment) (pulumiReads, error) {
	var out pulumiReads
	if len(d.Resources) == 0 {
		return out, unproven("its state is empty")
	}
	if len(d.PendingOperations) > 0 {
		return out, unproven("operations are pending")
	}
	reveal := &revealer{secrets: p.secrets, kind: d.SecretsProviders}
	using := ""
	for _, r := range d.Resources {
		address := addressOf(string(r.URN))
		if irregular(r) {
			return out, unproven("%s is irregular", address)
		}
		if !r.Custom || strings.HasPrefix(string(r.Type), "pulumi:") || len(run.Targets) > 0 && !slices.Contains(run.Targets, address) {
			continue
		}
		if using == "" {
			using = r.Provider
		}
		if r.Provider != using {
			return out, unproven("it has several providers")
		}
		read, err := newRead(ctx, r, reveal)
		if err != nil {
			return out, err
		}
		out.resources = append(out.resources, read)
	}
	if using == "" {
		return out, nil
	}
	var err error
	out.config, err = d.providerConfig(ctx, using, reveal)
	return out, err
}

// irregular says that a resource is in a state that a refresh handles in ways
// of its own.
func irregular(r apitype.ResourceV3) bool {
	return r.Delete || r.External || r.PendingReplacement || r.Taint || len(r.InitErrors) > 0 || r.ViewOf != "" ||
		r.Custom && r.ID == ""
}

func newRead(ctx context.Context, r apitype.ResourceV3, reveal *revealer) (read pulumiRead, err error) {
	address := addressOf(string(r.URN))
	read = pulumiRead{address: address, tfType: terraformType(string(r.Type)), ignoreChanges: r.IgnoreChanges}
	if read.inputs, err = reveal.object(ctx, r.Inputs); err != nil {
		return read, err
	}
	if read.outputs, err = reveal.object(ctx, r.Outputs); err != nil {
		return read, err
	}
	inputs, err := structpb.NewStruct(read.inputs)
	if err != nil {
		return read, unproven("%s is not understood", address)
	}
	outputs, err := structpb.NewStruct(read.outputs)
	if err != nil {
		return read, unproven("%s is not understood", address)
	}
	read.request = &pulumirpc.ReadRequest{
		Id: string(r.ID), Urn: string(r.URN), Name: r.URN.Name(), Type: string(r.Type), Properties: outputs, Inputs: inputs,
	}
	return read, nil
}

// providerConfig is the configuration of a provider by its reference, which is
// its URN and its id.
func (d deployment) providerConfig(ctx context.Context, ref string, reveal *revealer) (pluginConfig, error) {
	for _, r := range d.Resources {
		if string(r.URN)+"::"+string(r.ID) != ref {
			continue
		}
		if r.Type != "pulumi:providers:aws" {
			return pluginConfig{}, unproven("its provider is not that of AWS")
		}
		args, err := reveal.object(ctx, r.Inputs)
		for _, name := range []string{"version", "pluginDownloadURL", "__internal", "__defaults"} {
			delete(args, name) // the engine's own
		}
		return pluginConfig{urn: string(r.URN), name: r.URN.Name(), typ: string(r.Type), id: string(r.ID), args: args}, err
	}
	return pluginConfig{}, unproven("its provider is not in the state")
}

// readAll reads, several at a time, until one differs.
func (p *pulumiEngine) readAll(ctx context.Context, run aegis.StackRun, reads pulumiReads) error {
	pr, err := p.providers.checkout(ctx, run)
	if err != nil {
		return err
	}
	client, err := p.providers.configured(ctx, pr, reads.config)
	if err == nil {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(readsAtOnce)
		for _, read := range reads.resources {
			group.Go(func() error { return read.compare(ctx, client) })
		}
		err = group.Wait()
	}
	if err != nil {
		pr.dropReader() // which ends the reads that are under way
	}
	p.providers.checkin(pr, true)
	return err
}

// compare reads one resource.
func (r pulumiRead) compare(ctx context.Context, client pulumirpc.ResourceProviderClient) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	found, err := client.Read(ctx, r.request)
	if err != nil {
		if busy := throttled(r.address, status.Convert(err).Message()); busy != nil {
			return busy
		}
		return unproven("%s can't be read: %s", r.address, status.Code(err))
	}
	if found.GetId() != r.request.GetId() {
		return unproven("%s has another id, or none", r.address)
	}
	return r.judge(ctx, client, found)
}

// judge compares what was found with the state. What differs, a refresh leaves
// to the provider: it is drift when an update with the same inputs would change
// anything. See RefreshStep in github.com/pulumi/pulumi/pkg/v3/resource/deploy.
func (r pulumiRead) judge(ctx context.Context, client pulumirpc.ResourceProviderClient, found *pulumirpc.ReadResponse) error {
	inputs := found.GetInputs()
	if inputs == nil {
		inputs = r.request.GetInputs() // they are kept
	}
	name, differs := r.differs(r.outputs, found.GetProperties())
	if !differs {
		name, differs = r.differs(r.inputs, inputs)
	}
	if !differs {
		return nil
	}
	diff, err := client.Diff(ctx, &pulumirpc.DiffRequest{
		Id: found.GetId(), Urn: r.request.GetUrn(), Name: r.request.GetName(), Type: r.request.GetType(),
		OldInputs: inputs, Olds: found.GetProperties(), News: r.request.GetInputs(), IgnoreChanges: r.ignoreChanges,
	})
	if err != nil || diff.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		return unproven("%s differs in %s", r.address, name)
	}
	return nil
}

// differs compares by the rules of drift, with what is secret in the clear; it
// names an attribute.
func (r pulumiRead) differs(kept map[string]any, found *structpb.Struct) (string, bool) {
	return firstDifference(aegis.ResourceChange{Type: r.tfType, Before: r.attributes(kept), After: r.attributes(found.AsMap())})
}

func (r pulumiRead) attributes(properties map[string]any) map[string]any {
	out := make(map[string]any, len(properties))
	for name, v := range properties {
		if name != "__defaults" && name != "__meta" {
			out[attributeName(r.tfType, name)] = v
		}
	}
	return out
}
