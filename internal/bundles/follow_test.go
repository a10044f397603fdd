package bundles_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/bundles"
)

// shelf notes what it is offered and what was lost.
type shelf struct {
	offered []string
	lost    []string
	refuse  error
}

func (s *shelf) OfferBundle(_ context.Context, _ string, archive []byte) error {
	s.offered = append(s.offered, string(archive))
	err := s.refuse
	s.refuse = nil
	return err
}

func (s *shelf) LoseBundle(_ context.Context, _ string, cause error) error {
	s.lost = append(s.lost, cause.Error())
	return nil
}

// follow runs a follower over answers, one each time it looks, then nothing.
func follow(t *testing.T, s *shelf, answers ...any) (versions []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &bundles.Follower{Taker: s, Logger: slog.New(slog.DiscardHandler), Source: bundles.Source{
			Name: "here", Interval: time.Second,
			Fetch: func(_ context.Context, version string) ([]byte, string, error) {
				versions = append(versions, version)
				if len(answers) == 0 {
					cancel()
					return nil, version, nil
				}
				answer := answers[0]
				answers = answers[1:]
				switch a := answer.(type) {
				case error:
					return nil, "", a
				case string:
					return []byte(a), "v-" + a, nil
				default:
					return nil, version, nil
				}
			},
		}}
		require.NoError(t, f.Run(ctx))
	})
	return versions
}

func TestFollow(t *testing.T) {
	t.Parallel()
	t.Run("offers what is new, and asks for what is newer", func(t *testing.T) {
		t.Parallel()
		s := &shelf{}
		require.Equal(t, []string{"", "v-a", "v-a", "v-b"}, follow(t, s, "a", nil, "b"))
		require.Equal(t, []string{"a", "b"}, s.offered)
	})
	t.Run("offers again what could not be taken", func(t *testing.T) {
		t.Parallel()
		s := &shelf{refuse: errors.New("the database is away")}
		require.Equal(t, []string{"", "", "v-a"}, follow(t, s, "a", "a"))
		require.Equal(t, []string{"a", "a"}, s.offered)
	})
	t.Run("records a failure once, and again after it was well", func(t *testing.T) {
		t.Parallel()
		s := &shelf{}
		gone := errors.New("gone")
		follow(t, s, "a", gone, gone, errors.New("forbidden"), nil, gone)
		require.Equal(t, []string{"gone", "forbidden", "gone"}, s.lost)
		require.Equal(t, []string{"a"}, s.offered)
	})
}
