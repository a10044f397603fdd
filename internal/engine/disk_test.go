package engine

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestFullDisk(t *testing.T) {
	t.Parallel()
	c := Config{WorkDir: "/srv/aegis-work"}
	t.Run("a write that finds no room says where to make some", func(t *testing.T) {
		t.Parallel()
		err := c.fullDisk(os.WriteFile("/dev/full", []byte("x"), 0o600))
		require.ErrorIs(t, err, aegis.ErrUnavailable, "it is tried again")
		require.ErrorContains(t, err, "/srv/aegis-work is full; make room there, or set work_dir")
	})
	t.Run("so does what an engine says", func(t *testing.T) {
		t.Parallel()
		err := c.fullDisk(classify("writing plan file: write /srv/aegis-work/tfplan: no space left on device"))
		require.ErrorIs(t, err, aegis.ErrUnavailable)
		require.ErrorContains(t, err, "writing plan file")
	})
	t.Run("other errors are themselves", func(t *testing.T) {
		t.Parallel()
		other := errors.New("no such file")
		require.Equal(t, other, c.fullDisk(other))
		require.NoError(t, c.fullDisk(nil))
	})
}
