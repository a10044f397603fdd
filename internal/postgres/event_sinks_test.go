package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestDeliverEvents(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	for _, id := range []string{"a", "b", "c"} {
		require.NoError(t, db.AppendEvent(t.Context(), aegis.Event{Kind: "goal", ID: id, Type: "goal.accepted"}))
	}
	take := func(ids *[]string, fault error) func(context.Context, []aegis.Event) error {
		return func(_ context.Context, events []aegis.Event) error {
			for _, e := range events {
				*ids = append(*ids, e.ID)
			}
			return fault
		}
	}
	refused := errors.New("not now")
	var ids []string
	_, err := db.DeliverEvents(t.Context(), "stream", 2, take(&ids, refused))
	require.ErrorIs(t, err, refused)
	require.Equal(t, []string{"a", "b"}, ids)

	ids = nil
	for _, want := range []int{2, 1, 0} {
		sent, err := db.DeliverEvents(t.Context(), "stream", 2, take(&ids, nil))
		require.NoError(t, err)
		require.Equal(t, want, sent)
	}
	require.Equal(t, []string{"a", "b", "c"}, ids, "what was refused comes again, and nothing twice after that")

	// Another sink has a place of its own, and one process at a time sends.
	ids = nil
	sent, err := db.DeliverEvents(t.Context(), "index", 10, func(ctx context.Context, events []aegis.Event) error {
		other, err := db.DeliverEvents(ctx, "index", 10, take(&ids, nil))
		require.NoError(t, err)
		require.Zero(t, other)
		return take(&ids, nil)(ctx, events)
	})
	require.NoError(t, err)
	require.Equal(t, 3, sent)
	require.Equal(t, []string{"a", "b", "c"}, ids)
}
