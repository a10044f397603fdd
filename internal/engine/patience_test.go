package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestReadsEndWhenTheCloudDoesNotAnswer(t *testing.T) {
	t.Parallel()
	e := &Engines{cfg: Config{ReadTimeout: time.Millisecond}}
	err := e.patiently(func(ctx context.Context, _ engine) error {
		<-ctx.Done()
		return errors.New("exit status 255")
	})(t.Context(), nil)
	require.ErrorIs(t, err, aegis.ErrUnavailable)
	require.ErrorContains(t, err, "did not answer within 1ms")
	require.ErrorContains(t, err, "exit status 255")

	refused := errors.New("refused")
	e.cfg.ReadTimeout = time.Hour
	require.Equal(t, refused, e.patiently(func(context.Context, engine) error { return refused })(t.Context(), nil))
}
