package artifacts

import (
	"context"
	"errors"

	"github.com/aegisworld/aegis"
)

// archiveStore is where archives were kept before; engine.ArchiveStore.
type archiveStore interface {
	SaveArchive(ctx context.Context, digest string, sealed []byte) error
	Archive(ctx context.Context, digest string) ([]byte, error)
}

// Archives keeps uploaded workspaces, sealed by the engine, as objects. What was
// kept before there were objects is still found.
type Archives struct {
	Objects objects
	Before  archiveStore
}

// SaveArchive keeps an archive; the same one twice is one.
func (a Archives) SaveArchive(ctx context.Context, digest string, sealed []byte) error {
	return a.Objects.Write(ctx, "archives/"+digest, sealed)
}

// Archive returns aegis.ErrNotFound when there is none.
func (a Archives) Archive(ctx context.Context, digest string) ([]byte, error) {
	sealed, err := a.Objects.Read(ctx, "archives/"+digest)
	if errors.Is(err, aegis.ErrNotFound) && a.Before != nil {
		return a.Before.Archive(ctx, digest)
	}
	return sealed, err
}
