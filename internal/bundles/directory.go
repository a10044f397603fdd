package bundles

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/aegisworld/aegis/policies/archive"
)

// Directory fetches from a folder of this machine. Its version is the digest
// of what is in it, so that a copy with other times is the same.
func Directory(dir string, l archive.Limits) Fetch {
	return func(ctx context.Context, version string) ([]byte, string, error) {
		if err := ctx.Err(); err != nil {
			return nil, "", fmt.Errorf("read policy bundle in %s: %w", dir, err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, "", fmt.Errorf("read policy bundle: %w", err)
		}
		defer func() { _ = root.Close() }() // it was only read
		files, err := archive.ReadFS(root.FS(), l)
		if err != nil {
			return nil, "", fmt.Errorf("read policy bundle in %s: %w", dir, err)
		}
		if len(files) == 0 {
			return nil, "", fmt.Errorf("read policy bundle in %s: there is nothing in it", dir)
		}
		digest := files.Digest()
		if digest == version {
			return nil, version, nil
		}
		var packed bytes.Buffer
		if err := files.Tar(&packed); err != nil {
			return nil, "", fmt.Errorf("pack policy bundle in %s: %w", dir, err)
		}
		return packed.Bytes(), digest, nil
	}
}
