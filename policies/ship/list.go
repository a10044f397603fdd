package ship

import (
	"bytes"
	"context"

	"github.com/aegisworld/aegis"
)

// PolicyBundles lists the bundles that came, newest first. The first page
// begins with what this host's operator runs instead, if so, and where nothing
// that came runs, with the bundle inside the binary.
func (s *Shipper) PolicyBundles(ctx context.Context, page aegis.Page) ([]aegis.PolicyBundle, string, error) {
	list, next, err := s.Store.PolicyBundles(ctx, page)
	if err != nil || page.Cursor != "" {
		return list, next, err
	}
	running, err := s.Store.RunningPolicy(ctx)
	if err != nil {
		return nil, "", err
	}
	var first []aegis.PolicyBundle
	if s.Override != nil {
		first = append(first, aegis.PolicyBundle{
			Revision: s.Override.Revision(), State: aegis.BundleOverriding, Source: "host", Actor: "host",
		})
	}
	if running.Digest == aegis.EmbeddedBundle && running.ChangeSetID == "" {
		first = append(first, aegis.PolicyBundle{
			Digest: aegis.EmbeddedBundle, State: aegis.BundleActive, Source: "embedded", Actor: "aegis",
		})
	}
	return append(first, list...), next, nil
}

// ActiveBundle is the bundle that runs, as a .tar.gz, and its digest.
func (s *Shipper) ActiveBundle(ctx context.Context) (digest string, packed []byte, err error) {
	running, err := s.Store.RunningPolicy(ctx)
	if err != nil {
		return "", nil, err
	}
	files, err := s.files(ctx, running.Digest)
	if err != nil {
		return "", nil, err
	}
	var out bytes.Buffer
	if err := files.Tar(&out); err != nil {
		return "", nil, err
	}
	return running.Digest, out.Bytes(), nil
}
