package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// Bundles makes candidates of the bundle that runs.
type Bundles struct {
	// Current returns the gate that decides now, and the files that it was
	// loaded from.
	Current func() (*policies.Gate, archive.Files)
	// Options are the settings under which candidates are loaded.
	Options policies.Options
}

// Running is the bundle that decides now.
func (b Bundles) Running() Judge {
	gate, _ := b.Current()
	return gate
}

// Added composes the running bundle with more modules and data.
func (b Bundles) Added(ctx context.Context, modules map[string]string, data map[string]any) (Judge, error) {
	added := archive.Files{}
	for path, source := range modules {
		added[path] = []byte(source)
	}
	if len(data) > 0 {
		raw, err := json.Marshal(data)
		if err != nil {
			return nil, fmt.Errorf("encode data: %w", err)
		}
		added["data.json"] = raw
	}
	_, running := b.Current()
	files, err := archive.Compose(running, added)
	if err != nil {
		return nil, err
	}
	return b.load(ctx, files)
}

// Instead reads a packed bundle.
func (b Bundles) Instead(ctx context.Context, tarball []byte) (Judge, error) {
	files, err := archive.ReadTar(bytes.NewReader(tarball), archive.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return b.load(ctx, files)
}

// load keeps what goes wrong with a candidate out of the log: the report tells.
func (b Bundles) load(ctx context.Context, files archive.Files) (Judge, error) {
	o := b.Options
	o.Logger = nil
	gate, err := policies.Load(ctx, files, o)
	if err != nil {
		return nil, err
	}
	return gate, nil
}
