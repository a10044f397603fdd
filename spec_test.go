package aegis_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func TestParseStackID(t *testing.T) {
	t.Parallel()

	t.Run("round trips every valid id", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			part := rapid.StringMatching(`[a-z0-9-]{1,20}`)
			n := aegis.StackName{Environment: part.Draw(t, "environment"), Layer: part.Draw(t, "layer"), Region: part.Draw(t, "region")}
			got, err := aegis.ParseStackID(n.String())
			require.NoError(t, err)
			require.Equal(t, n, got)
		})
	})

	for _, id := range []string{"", "a", "a.b", "a.b.c.d", "A.b.c", "a..c", "a.b_c.d", "a.b.c\n", "../b.c", "a.b.%"} {
		t.Run("refuses "+id, func(t *testing.T) {
			t.Parallel()
			_, err := aegis.ParseStackID(id)
			require.ErrorIs(t, err, aegis.ErrInvalid)
			var invalid *aegis.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, "stack_id", invalid.Faults[0].Field)
		})
	}
}
