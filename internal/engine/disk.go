package engine

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/aegisworld/aegis"
)

// fullDisk says what to do when an engine, or this process for it, found no
// room for its scratch files; other errors it leaves as they are. It matches
// aegis.ErrUnavailable: the run is tried again, and goes on where it was once
// there is room.
func (c Config) fullDisk(err error) error {
	if err == nil || !errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		return err
	}
	return fmt.Errorf("%w: the disk of the work folder %s is full; make room there, or set work_dir: %w", aegis.ErrUnavailable, c.WorkDir, err)
}
