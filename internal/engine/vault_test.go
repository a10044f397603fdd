package engine

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestVaultOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	v := newVault([]byte("0123456789abcdef"), "test")
	rapid.Check(t, func(t *rapid.T) {
		plain, name := rapid.SliceOf(rapid.Byte()).Draw(t, "plain"), rapid.String().Draw(t, "name")
		sealed, err := v.seal(plain, name)
		require.NoError(t, err)
		opened, err := v.open(sealed, name)
		require.NoError(t, err)
		require.Equal(t, plain, append([]byte{}, opened...))
		_, err = v.open(sealed, name+"x")
		require.Error(t, err, "it is another stack's")
		sealed[len(sealed)-1] ^= 1
		_, err = v.open(sealed, name)
		require.Error(t, err, "it was changed")
	})
}

func TestVaultHidesAndCompresses(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte("a secret "), 1000)
	sealed, err := newVault([]byte("0123456789abcdef"), "test").seal(plain, "a")
	require.NoError(t, err)
	require.Less(t, len(sealed), len(plain)/10)
	require.NotContains(t, string(sealed), "secret")
	for _, other := range []vault{newVault([]byte("0123456789abcdef"), "other"), newVault([]byte("fedcba9876543210"), "test")} {
		_, err = other.open(sealed, "a")
		require.ErrorContains(t, err, "secrets keys must be the same")
	}
	_, err = newVault([]byte("0123456789abcdef"), "test").open([]byte("short"), "a")
	require.Error(t, err)
}
