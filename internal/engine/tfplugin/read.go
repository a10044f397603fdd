package tfplugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
	"github.com/vmihailenco/msgpack/v5"
)

// Resource is one resource as a state has it.
type Resource struct {
	// Type is Terraform's; SchemaVersion is that of Attributes.
	Type          string
	SchemaVersion int64
	// Attributes is an object in JSON.
	Attributes []byte
	// Private is the provider's own.
	Private []byte
}

// Reading is a resource before and after it was read.
type Reading struct {
	// Same says that both are the same, to the byte. Before and After are only
	// there when they are not; After is nil when the resource is gone.
	Same          bool
	Before, After map[string]any
}

// Read brings a resource to the provider's schema and reads the real one.
func (p *Provider) Read(ctx context.Context, r Resource) (Reading, error) {
	upgraded, err := p.rpc.UpgradeResourceState(ctx, &tfplugin5.UpgradeResourceState_Request{
		TypeName: r.Type, Version: r.SchemaVersion, RawState: &tfplugin5.RawState{Json: r.Attributes},
	})
	if err != nil {
		return Reading{}, fmt.Errorf("upgrade the state of a %s: %w", r.Type, err)
	}
	if err := refused(upgraded.GetDiagnostics()); err != nil {
		return Reading{}, err
	}
	before := upgraded.GetUpgradedState().GetMsgpack()
	read, err := p.rpc.ReadResource(ctx, &tfplugin5.ReadResource_Request{
		TypeName: r.Type, CurrentState: upgraded.GetUpgradedState(), Private: r.Private,
	})
	if err != nil {
		return Reading{}, fmt.Errorf("read a %s: %w", r.Type, err)
	}
	if err := refused(read.GetDiagnostics()); err != nil {
		return Reading{}, err
	}
	after := read.GetNewState().GetMsgpack()
	if len(before) == 0 || len(after) == 0 {
		return Reading{}, errors.New("the provider answers in no encoding that is understood")
	}
	if bytes.Equal(before, after) {
		return Reading{Same: true}, nil
	}
	var out Reading
	if err := errors.Join(decode(before, &out.Before), decode(after, &out.After)); err != nil {
		return Reading{}, err
	}
	return out, nil
}

// decode decodes an object, which has no unknown values.
func decode(encoded []byte, into *map[string]any) error {
	d := msgpack.NewDecoder(bytes.NewReader(encoded))
	d.UseLooseInterfaceDecoding(true)
	if err := d.Decode(into); err != nil {
		return errors.New("the provider's answer can't be decoded")
	}
	return nil
}
