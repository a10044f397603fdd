package simulate

import (
	"context"

	"github.com/aegisworld/aegis/policies"
)

// Bundles makes candidates of the bundle that runs.
type Bundles struct {
	// Gate is the one that decides now.
	Gate *policies.Gate
	// Options are those that it was made with.
	Options policies.Options
}

// Running is the bundle that decides now.
func (b Bundles) Running() Judge { return b.Gate }

// Added compiles the running bundle with more modules and data.
func (b Bundles) Added(ctx context.Context, modules map[string]string, data map[string]any) (Judge, error) {
	return policies.Extend(ctx, b.quiet(), modules, data)
}

// Instead compiles a packed bundle in place of the running one.
func (b Bundles) Instead(ctx context.Context, tarball []byte) (Judge, error) {
	return policies.Replace(ctx, b.quiet(), tarball)
}

// quiet keeps what goes wrong with a candidate out of the log: the report tells.
func (b Bundles) quiet() policies.Options {
	o := b.Options
	o.Logger = nil
	return o
}
