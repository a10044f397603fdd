package engine

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestGlance(t *testing.T) {
	t.Parallel()
	clean, byEngine := aegis.Observation{StackID: "clean"}, aegis.Observation{StackID: "engine"}
	for name, test := range map[string]struct {
		proof error
		path  LookPath
		seen  aegis.Observation
		err   error
	}{
		"is answered by reads that prove the stack clean": {path: LookWarm, seen: clean},
		"asks the engine when they do not":                {proof: unproven("it differs"), path: LookEngine, seen: byEngine},
		"asks the engine when they fail":                  {proof: errors.New("no plugin"), path: LookEngine, seen: byEngine},
		"passes throttling on": {
			proof: throttled("aws_vpc::main", "reading VPC: api error RequestLimitExceeded: slow"), path: LookWarm, err: aegis.ErrUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paths []LookPath
			c := Config{Logger: slog.New(slog.DiscardHandler), Looked: func(_ aegis.StackRun, path LookPath) { paths = append(paths, path) }}
			seen, err := c.glance(t.Context(), aegis.StackRun{}, func(context.Context, aegis.StackRun) (aegis.Observation, error) {
				if test.proof != nil {
					return aegis.Observation{}, test.proof
				}
				return clean, nil
			}, func(context.Context, aegis.StackRun) (aegis.Observation, error) { return byEngine, nil })
			require.ErrorIs(t, err, test.err)
			require.Equal(t, test.seen, seen)
			require.Equal(t, []LookPath{test.path}, paths)
		})
	}
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"} {
		require.ErrorIs(t, throttled("a", "reading X: operation error: api error "+code+": Rate exceeded"), aegis.ErrUnavailable)
	}
	for _, msg := range []string{"", "api error AccessDenied: no", "api error InternalFailure: oops", "connection refused"} {
		require.NoError(t, throttled("a", msg))
	}
}
