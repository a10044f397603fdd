package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Tar writes a .tar.gz that is the same for the same files: sorted, without
// times and owners.
func (f Files) Tar(w io.Writer) error {
	zip, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	packed := tar.NewWriter(zip)
	for _, name := range f.Names() {
		h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(f[name])), Format: tar.FormatPAX}
		if err := packed.WriteHeader(h); err != nil {
			return fmt.Errorf("write bundle: entry %q: %w", name, err)
		}
		if _, err := packed.Write(f[name]); err != nil {
			return fmt.Errorf("write bundle: entry %q: %w", name, err)
		}
	}
	if err := errors.Join(packed.Close(), zip.Close()); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}
