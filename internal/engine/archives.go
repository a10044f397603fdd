package engine

import (
	"context"
	"fmt"

	"github.com/aegisworld/aegis"
)

// ArchiveStore keeps uploaded workspaces where every worker finds them. It sees
// them compressed and encrypted, as their variables files may hold secrets.
type ArchiveStore interface {
	SaveArchive(ctx context.Context, digest string, sealed []byte) error
	// Archive returns aegis.ErrNotFound when there is none.
	Archive(ctx context.Context, digest string) ([]byte, error)
}

// SealedArchives encrypts what an ArchiveStore keeps with a key derived from
// the given one.
func SealedArchives(key []byte, store ArchiveStore) ArchiveStore {
	return sealedArchives{store: store, seal: newVault(key, "aegis workspace archives")}
}

type sealedArchives struct {
	store ArchiveStore
	seal  sealer
}

func (s sealedArchives) SaveArchive(ctx context.Context, digest string, archive []byte) error {
	sealed, err := s.seal.seal(archive, digest)
	if err != nil {
		return fmt.Errorf("seal archive: %w", err)
	}
	return s.store.SaveArchive(ctx, digest, sealed)
}

func (s sealedArchives) Archive(ctx context.Context, digest string) ([]byte, error) {
	sealed, err := s.store.Archive(ctx, digest)
	if err != nil {
		return nil, err
	}
	archive, err := s.seal.open(sealed, digest)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	return archive, nil
}

// CheckSource says whether a workspace or project may be adopted, and returns
// its source with the path resolved.
func (e *Engines) CheckSource(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error) {
	if src.Pulumi() {
		if e.projects == nil {
			return src, fmt.Errorf("adopt a Pulumi stack: %w", aegis.ErrNotImplemented)
		}
		return e.cfg.ProjectSources.CheckProject(src)
	}
	if e.terraform == nil {
		return src, fmt.Errorf("adopt a workspace without Terraform: %w", aegis.ErrNotImplemented)
	}
	return e.cfg.TerraformSources.Check(src)
}

// KeepArchive checks an uploaded .tar.gz and keeps it; the digest names it.
func (e *Engines) KeepArchive(ctx context.Context, archive []byte) (digest string, err error) {
	if e.cfg.TerraformSources == nil {
		return "", fmt.Errorf("adopt an archive: %w", aegis.ErrNotImplemented)
	}
	return e.cfg.TerraformSources.Keep(ctx, archive)
}

// KeepExport checks an uploaded `pulumi stack export` and keeps it; the digest
// names it.
func (e *Engines) KeepExport(ctx context.Context, export []byte) (digest string, err error) {
	if e.projects == nil || e.cfg.Exports == nil {
		return "", fmt.Errorf("adopt the state of a Pulumi stack: %w", aegis.ErrNotImplemented)
	}
	if _, err := readExport(export); err != nil {
		return "", err
	}
	digest = hashOf(export)
	if err := e.cfg.Exports.SaveArchive(ctx, digest, export); err != nil {
		return "", fmt.Errorf("keep the state: %w", err)
	}
	return digest, nil
}
