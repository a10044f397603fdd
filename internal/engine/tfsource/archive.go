package tfsource

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/aegisworld/aegis"
)

// Keep checks an uploaded .tar.gz and keeps it. The digest names it.
func (s *Sources) Keep(ctx context.Context, archive []byte) (digest string, err error) {
	if s.Archives == nil {
		return "", fmt.Errorf("adopt an archive: %w", aegis.ErrNotImplemented)
	}
	if int64(len(archive)) > s.limits().Packed {
		return "", aegis.Invalid("source.archive", fmt.Sprintf("is larger than %d MiB", s.limits().Packed>>20))
	}
	if err := (&unpacker{limits: s.limits()}).unpack(bytes.NewReader(archive)); err != nil {
		return "", err
	}
	sum := sha256.Sum256(archive)
	digest = hex.EncodeToString(sum[:])
	if err := s.Archives.SaveArchive(ctx, digest, archive); err != nil {
		return "", fmt.Errorf("keep the archive: %w", err)
	}
	return digest, nil
}

func (s *Sources) fetchArchive(ctx context.Context, src aegis.WorkspaceSource, dir string) (string, error) {
	if s.Archives == nil {
		return "", fmt.Errorf("fetch the archive: %w", aegis.ErrNotImplemented)
	}
	archive, err := s.Archives.Archive(ctx, src.Archive)
	if errors.Is(err, aegis.ErrNotFound) {
		return "", aegis.Invalid("source.archive", "no such archive was uploaded")
	}
	if err != nil {
		return "", fmt.Errorf("fetch the archive: %w", err)
	}
	if err := (&unpacker{limits: s.limits(), to: dir}).unpack(bytes.NewReader(archive)); err != nil {
		return "", err
	}
	work := filepath.Join(dir, src.Dir)
	if info, err := os.Stat(work); err != nil || !info.IsDir() {
		return "", aegis.Invalid("source.dir", "is no folder of the archive")
	}
	return work, nil
}

// unpacker unpacks a .tar.gz as far as the limits go; without to it only looks.
type unpacker struct {
	limits Limits
	to     string
	copier copier
}

func (u *unpacker) unpack(r io.Reader) error {
	u.copier.limits = u.limits
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return aegis.Invalid("source.archive", "is no .tar.gz")
	}
	// Headers and padding take a part of their own beside the contents.
	most := u.limits.Total + int64(u.limits.Files)*2048 + 1<<20
	t := tar.NewReader(io.LimitReader(zipped, most))
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return aegis.Invalid("source.archive", "can't be read to its end, or unpacks to too much")
		}
		if err := u.entry(h, t); err != nil {
			return err
		}
	}
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name := filepath.Clean(strings.TrimSuffix(h.Name, "/"))
	if !filepath.IsLocal(name) || strings.Contains(h.Name, `\`) || strings.ContainsFunc(h.Name, unicode.IsControl) || len(h.Name) > 512 {
		return aegis.Invalid("source.archive", fmt.Sprintf("the entry %.200q leads out of the archive or is no clean path", h.Name))
	}
	if u.copier.files++; u.copier.files > u.limits.Files {
		return tooMuch(fmt.Sprintf("has more than %d files", u.limits.Files))
	}
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeDir:
		if u.to == "" {
			return nil
		}
		return os.MkdirAll(filepath.Join(u.to, name), 0o700)
	case tar.TypeReg:
		return u.file(h, name, content)
	default:
		return aegis.Invalid("source.archive", fmt.Sprintf("the entry %.200q is neither a file nor a folder", h.Name))
	}
}

func (u *unpacker) file(h *tar.Header, name string, content io.Reader) error {
	if u.to == "" {
		n, err := io.Copy(io.Discard, io.LimitReader(content, u.limits.File+1))
		if err != nil {
			return aegis.Invalid("source.archive", "can't be read to its end, or unpacks to too much")
		}
		if u.copier.total += n; n > u.limits.File || u.copier.total > u.limits.Total {
			return tooMuch(fmt.Sprintf("has more than %d MiB, or %.200q has more than %d MiB", u.limits.Total>>20, name, u.limits.File>>20))
		}
		return nil
	}
	target := filepath.Join(u.to, name)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return fmt.Errorf("unpack the archive: %w", err)
	}
	if err := u.copier.write(content, name, target, h.FileInfo().Mode()); err != nil {
		if errors.Is(err, os.ErrExist) {
			return aegis.Invalid("source.archive", fmt.Sprintf("the entry %.200q comes twice", h.Name))
		}
		return err
	}
	return nil
}
