package policies

import (
	"context"

	"github.com/aegisworld/aegis/policies/archive"
)

// Files are the files of the bundle that the options name.
func (o Options) Files() (archive.Files, error) {
	if o.BundleDir == "" {
		return Embedded()
	}
	dir, err := bundleFiles(o.BundleDir)
	if err != nil {
		return nil, err
	}
	return archive.ReadFS(dir, archive.DefaultLimits())
}

// Load compiles a bundle of files, without its tests, under the settings of
// the options and in place of the bundle that they name. Faults of Rego are
// ast.Errors with the paths of files.
func Load(ctx context.Context, files archive.Files, o Options) (*Gate, error) {
	b, err := files.Parse(pureCapabilities(), archive.IsTest)
	if err != nil {
		return nil, err
	}
	if err := overlay(b, o.Data); err != nil {
		return nil, err
	}
	return newGate(ctx, b, o)
}
