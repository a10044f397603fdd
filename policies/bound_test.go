package policies_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

func TestBounds(t *testing.T) {
	t.Parallel()
	hungry := strings.Replace(freeze, "warn := set()", `warn := {x | some x in numbers.range(1, 1000000000); x < 0}`, 1)
	t.Run("a rule that allocates without end denies", func(t *testing.T) {
		t.Parallel()
		gate, err := policies.Load(t.Context(), archive.Files{"gate.rego": []byte(hungry)}, policies.Options{
			Timeout: time.Hour, Memory: 64 << 20,
		})
		require.NoError(t, err)
		result := gate.Decide(t.Context(), aegis.GateInput{})
		require.Equal(t, policies.CodeError, result.Deny[0].Code)
		require.Contains(t, result.Deny[0].Msg, "more than 64 MiB of memory")
		replayed, err := gate.Replay(t.Context(), []byte(`{}`))
		require.NoError(t, err)
		require.Equal(t, policies.CodeError, replayed.Deny[0].Code)
	})
	t.Run("one that takes too long denies", func(t *testing.T) {
		t.Parallel()
		gate, err := policies.Load(t.Context(), archive.Files{"gate.rego": []byte(hungry)}, policies.Options{
			Timeout: time.Millisecond, Memory: 1 << 40,
		})
		require.NoError(t, err)
		require.Equal(t, policies.CodeTimeout, gate.Decide(t.Context(), aegis.GateInput{}).Deny[0].Code)
	})
}
